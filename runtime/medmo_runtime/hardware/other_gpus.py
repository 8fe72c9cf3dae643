"""GPUs of AMD, Intel and Apple, from what the operating system says; no vendor's library is loaded."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

from medmo_runtime.hardware.facts import Accelerator, Libraries, Vendor

#: PCI vendor numbers (pci-ids).
_VENDORS: dict[str, Vendor] = {"0x1002": "amd", "0x8086": "intel"}
_TITLES = {"amd": "AMD GPU", "intel": "Intel GPU"}
#: Less memory of its own than this, and a GPU lives on the host's (integrated AMD GPUs reserve up to a few hundred MB).
_OWN_MEMORY_BYTES = 2 * 2**30


def find_other_gpus(libraries: Libraries) -> tuple[Accelerator, ...]:
    """Return the GPUs with the names that torch would give them."""
    if sys.platform == "darwin":
        found = _apple()
    elif sys.platform == "linux":
        found = _linux_cards()
    else:
        found = []
    return name_torch_devices(found, libraries)


def name_torch_devices(found: list[Accelerator], libraries: Libraries) -> tuple[Accelerator, ...]:
    """Give each GPU torch's name, or say why torch cannot use it.

    torch calls AMD's GPUs ``cuda`` (its ROCm build), Intel's ``xpu``, Apple's ``mps``.
    """
    counts: dict[str, int] = {}
    result = []
    for gpu in found:
        kind, built, package = {
            "amd": ("cuda", libraries.torch_hip, "ROCm"),
            "intel": ("xpu", libraries.torch_xpu, "XPU"),
        }.get(gpu.vendor, ("mps", "yes", "Metal"))
        changes: dict[str, Any] = {}
        if libraries.missing("torch"):
            pass
        elif built is None:
            changes["problem"] = f"the installed torch was built without {package}; install torch's {package} build"
        elif gpu.problem is None:
            number = counts.setdefault(kind, 0)
            counts[kind] += 1
            changes["device"] = kind if kind == "mps" else f"{kind}:{number}"
        result.append(Accelerator(**{**vars(gpu), **changes}))
    return tuple(result)


def _linux_cards() -> list[Accelerator]:
    """Read /sys/class/drm: vendor and memory of each card (kernel documentation, gpu/amdgpu/driver-misc)."""
    found = []
    for card in sorted(Path("/sys/class/drm").glob("card[0-9]*")):
        device = card / "device"
        vendor = _VENDORS.get(_read(device / "vendor"))
        if vendor is None or "-" in card.name:  # card0-HDMI-A-1 and its like are connectors
            continue
        total, used = _number(device / "mem_info_vram_total"), _number(device / "mem_info_vram_used")
        shares = total is not None and total < _OWN_MEMORY_BYTES
        known = total is not None and not shares
        name = _read(device / "product_name") or f"{_TITLES[vendor]} {_read(device / 'device')}"
        found.append(
            Accelerator(
                vendor=vendor,
                name=name,
                total_bytes=total if known else None,
                free_bytes=total - (used or 0) if total is not None and known else None,
                shares_host_memory=shares,
                sources=dict.fromkeys(("name", "total_bytes", "free_bytes"), f"/sys/class/drm/{card.name}"),
            )
        )
    return found


def _apple() -> list[Accelerator]:
    if platform.machine() != "arm64":
        return []
    return [
        Accelerator(vendor="apple", name="Apple GPU", shares_host_memory=True, sources={"name": "the processor's kind"})
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _read(path)
    return int(text) if text.isdigit() else None
