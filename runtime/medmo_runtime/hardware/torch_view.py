"""Corrects the probe's guess about torch's devices by asking torch, which takes seconds to import."""

from __future__ import annotations

from dataclasses import replace

from medmo_runtime.hardware.facts import Accelerator, Machine


def confirm_with_torch(machine: Machine) -> Machine:
    """Return the machine with the device names that torch itself gives; GPUs that it does not see get a problem.

    Without a GPU that torch might use, torch is not imported.
    """
    if not any(one.device for one in machine.accelerators):
        return machine
    import torch

    named: list[Accelerator] = []
    for one in machine.accelerators:
        if one.device is None:
            named.append(one)
        elif one.device.startswith("cuda"):
            named.append(_confirm_cuda(torch, one))
        elif one.device.startswith("xpu"):
            named.append(_confirm_xpu(torch, one, int(one.device.partition(":")[2])))
        else:
            named.append(one if torch.backends.mps.is_available() else _unseen(one))
    return replace(machine, accelerators=tuple(named))


def _confirm_cuda(torch: object, one: Accelerator) -> Accelerator:
    cuda = torch.cuda  # type: ignore[attr-defined]
    if not cuda.is_available():
        return _unseen(one)
    for number in range(cuda.device_count()):
        properties = cuda.get_device_properties(number)
        uuid = str(getattr(properties, "uuid", ""))
        if (uuid and one.uuid and uuid in one.uuid) or (one.uuid is None and one.device == f"cuda:{number}"):
            return replace(one, device=f"cuda:{number}", free_bytes=int(cuda.mem_get_info(number)[0]))
    return _unseen(one)


def _confirm_xpu(torch: object, one: Accelerator, number: int) -> Accelerator:
    """Intel's cards tell their memory to torch alone: the system has no file for it."""
    xpu = torch.xpu  # type: ignore[attr-defined]
    if not xpu.is_available() or number >= xpu.device_count():
        return _unseen(one)
    if one.shares_host_memory:
        return one
    total = int(xpu.get_device_properties(number).total_memory)
    # Older versions of torch, and some drivers, do not tell what is free.
    try:
        free = int(xpu.mem_get_info(number)[0])
    except (AttributeError, RuntimeError):
        free = total
    sources = {**one.sources, "total_bytes": "torch", "free_bytes": "torch"}
    return replace(one, total_bytes=total, free_bytes=free, sources=sources)


def _unseen(one: Accelerator) -> Accelerator:
    return replace(one, device=None, problem="torch does not see it")
