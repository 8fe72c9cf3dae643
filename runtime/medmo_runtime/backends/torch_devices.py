"""Which devices torch offers here, and the dtype that suits each."""

from __future__ import annotations

import importlib.util
from functools import lru_cache

from medmo_runtime.backends.base import Availability
from medmo_runtime.machine import cpu_has_bfloat16


def missing_packages(*names: str) -> list[str]:
    """Return those of ``names`` (import names) that are not installed; imports nothing."""
    return [name for name in names if importlib.util.find_spec(name) is None]


@lru_cache(maxsize=1)
def torch_devices() -> tuple[str, ...]:
    """Return torch's devices here, accelerators first; empty without torch."""
    if missing_packages("torch"):
        return ()
    import torch

    found: list[str] = []
    if torch.cuda.is_available():  # also ROCm, which torch calls cuda
        found += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        found += [f"xpu:{index}" for index in range(torch.xpu.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def torch_availability(device: str, *packages: str) -> Availability:
    """Say whether torch, ``packages`` and ``device`` are there."""
    missing = missing_packages("torch", *packages)
    if missing:
        return Availability(False, f"not installed: {', '.join(missing)} (install medmo-edge[torch])")
    if device not in torch_devices():
        return Availability(False, f"torch sees no {device}; it sees {', '.join(torch_devices())}")
    return Availability(True, f"torch on {device}")


def suitable_dtype(device: str) -> str:
    """Return the dtype of activations for ``device``.

    bfloat16 on accelerators and on CPUs with bfloat16 instructions; float32 on other CPUs, where
    bfloat16 products are emulated (measured on a two-core AVX2 CPU: 1.3 against 91 GFLOP/s).
    """
    return "bfloat16" if device != "cpu" or cpu_has_bfloat16() else "float32"


def accelerator_names() -> tuple[str, ...]:
    """Return the names of torch's accelerators here, for people."""
    names = []
    for device in torch_devices():
        if device.startswith("cuda"):
            import torch

            names.append(f"{device} {torch.cuda.get_device_name(device)}")
        elif device != "cpu":
            names.append(device)
    return tuple(names)
