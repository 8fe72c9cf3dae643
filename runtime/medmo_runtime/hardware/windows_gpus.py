"""GPUs of AMD and Intel on Windows, from what their drivers write into the registry."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from medmo_runtime.hardware.facts import Accelerator
from medmo_runtime.hardware.other_gpus import OWN_MEMORY_BYTES, VENDORS

#: The class of display adapters ("System-Defined Device Setup Classes Available to Vendors", Microsoft).
_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_SOURCE = "the registry"


def list_windows_gpus() -> list[Accelerator]:
    """Return the adapters of vendors for whom no library is asked."""
    return describe_adapters(_adapters())


def describe_adapters(adapters: Iterator[Mapping[str, Any]]) -> list[Accelerator]:
    """Return the GPUs from the values of their registry keys; how much of their memory is free is not told there."""
    found: dict[str, Accelerator] = {}
    for values in adapters:
        hardware = str(values.get("MatchingDeviceId", "")).lower()
        _, _, number = hardware.partition("ven_")
        vendor = VENDORS.get(_hexadecimal(number[:4]))
        if vendor not in ("amd", "intel"):
            continue
        size = values.get("HardwareInformation.qwMemorySize")
        total = size if isinstance(size, int) else None
        shares = total is None or total < OWN_MEMORY_BYTES
        # An adapter that was moved to another slot keeps its old key beside the new one.
        found[hardware] = Accelerator(
            vendor=vendor,
            name=str(values.get("DriverDesc", f"{vendor} GPU")),
            driver=str(values["DriverVersion"]) if "DriverVersion" in values else None,
            total_bytes=None if shares else total,
            shares_host_memory=shares,
            sources=dict.fromkeys(("name", "driver", "total_bytes", "shares_host_memory"), _SOURCE),
        )
    return list(found.values())


def _hexadecimal(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _adapters() -> Iterator[dict[str, Any]]:
    """Yield the values of each adapter's key; keys that this user may not read are passed over."""
    if sys.platform != "win32":
        return
    import winreg

    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _CLASS) as parent:
        for index in range(winreg.QueryInfoKey(parent)[0]):
            try:
                with winreg.OpenKey(parent, winreg.EnumKey(parent, index)) as key:
                    yield {name: value for name, value, _ in _values(winreg, key)}
            except OSError:
                continue


def _values(winreg: Any, key: Any) -> Iterator[tuple[str, Any, int]]:
    for index in range(winreg.QueryInfoKey(key)[1]):
        yield winreg.EnumValue(key, index)
