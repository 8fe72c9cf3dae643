"""GPUs of AMD, Intel and Apple, from what the operating system says; no vendor's library is loaded."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medmo_runtime.hardware.facts import Accelerator, Libraries, Vendor

#: PCI vendor numbers (pci-ids).
VENDORS: dict[int, Vendor] = {0x1002: "amd", 0x8086: "intel", 0x10DE: "nvidia", 0x106B: "apple"}
_TITLES: dict[Vendor, str] = {"amd": "AMD GPU", "intel": "Intel GPU"}
#: Less memory of its own than this, and a GPU lives on the host's (integrated AMD GPUs reserve up to a few hundred MB).
OWN_MEMORY_BYTES = 2 * 2**30
#: Where Intel's integrated graphics sit on the PCI bus (kernel documentation, i915: the graphics device is 0:2.0).
_INTEGRATED_INTEL = "0000:00:02.0"


def list_other_gpus() -> tuple[Accelerator, ...]:
    """Return the GPUs that the system knows; `name_torch_devices` names them."""
    if sys.platform == "darwin":
        return tuple(_apple())
    if sys.platform == "linux":
        return tuple(_linux_cards())
    if sys.platform == "win32":
        from medmo_runtime.hardware.windows_gpus import list_windows_gpus

        return tuple(list_windows_gpus())
    return ()


def add_onnx_gpus(found: Sequence[Accelerator], libraries: Libraries) -> tuple[Accelerator, ...]:
    """Add the GPUs of ONNX Runtime's device list whose vendor no other source named.

    ONNX Runtime lists one device once for each provider that could use it.
    """
    known = {one.vendor for one in found}
    added: dict[tuple[Vendor, str], Accelerator] = {}
    for device in libraries.onnx_devices:
        vendor = VENDORS.get(device.vendor_id)
        if device.kind != "GPU" or vendor is None or vendor in known:
            continue
        name = device.name or f"{device.vendor} GPU"
        added[vendor, name] = Accelerator(vendor=vendor, name=name, sources={"name": "onnxruntime.get_ep_devices"})
    return (*found, *added.values())


def name_torch_devices(found: Sequence[Accelerator], libraries: Libraries) -> tuple[Accelerator, ...]:
    """Give each GPU torch's name, or say why torch cannot use it.

    torch calls AMD's GPUs ``cuda`` (its ROCm build), Intel's ``xpu``, Apple's ``mps``.
    """
    counts: dict[str, int] = {}
    result = []
    for gpu in found:
        if gpu.vendor == "nvidia":  # known to ONNX Runtime alone: without NVML there is no driver to compute with
            result.append(replace(gpu, problem=gpu.problem or "its driver does not answer through NVML"))
            continue
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
        vendor = VENDORS.get(int(_read(device / "vendor") or "0", 16))
        # card0-HDMI-A-1 and its like are connectors; NVML knows more of NVIDIA's.
        if vendor is None or vendor not in _TITLES or "-" in card.name:
            continue
        total, used = _number(device / "mem_info_vram_total"), _number(device / "mem_info_vram_used")
        shares = (total is not None and total < OWN_MEMORY_BYTES) or device.resolve().name == _INTEGRATED_INTEL
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
