"""Which of a machine's devices torch reaches, and the dtype that suits each."""

from __future__ import annotations

from medmo_runtime.backends.base import Availability
from medmo_runtime.hardware import Machine

#: NVIDIA GPUs multiply bfloat16 from Ampere on; older ones emulate it.
_BFLOAT16_CAPABILITY = (8, 0)


def torch_availability(machine: Machine, device: str, *packages: str) -> Availability:
    """Say whether torch, ``packages`` and ``device`` are there."""
    missing = machine.libraries.missing("torch", *packages)
    if missing:
        return Availability(False, f"not installed: {', '.join(missing)} (install medmo-edge[torch])")
    if device not in machine.torch_devices():
        problems = [f"{one.name}: {one.problem}" for one in machine.accelerators if one.problem]
        known = f"torch sees no {device}; it sees {', '.join(machine.torch_devices())}"
        return Availability(False, "; ".join([known, *problems]))
    return Availability(True, f"torch on {device}")


def devices_with_kernels(machine: Machine) -> tuple[str, ...]:
    """Return torch's devices without Apple's, for which neither GPTQModel nor bitsandbytes has fast kernels."""
    return tuple(device for device in machine.torch_devices() if device != "mps")


def suitable_dtype(machine: Machine, device: str) -> str:
    """Return the dtype of activations for ``device``.

    bfloat16 where the processor or the GPU multiplies it; else float32 on CPUs, where bfloat16 products are emulated
    (measured on a two-core AVX2 CPU: 1.3 against 91 GFLOP/s), and float16 on NVIDIA GPUs before Ampere.
    """
    if device == "cpu":
        return "bfloat16" if machine.processor.bfloat16 else "float32"
    found = machine.accelerator(device)
    capability = None if found is None else found.compute_capability
    return "float16" if capability is not None and capability < _BFLOAT16_CAPABILITY else "bfloat16"
