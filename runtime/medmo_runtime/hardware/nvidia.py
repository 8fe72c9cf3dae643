"""NVIDIA GPUs by NVML, and whether torch's build can use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medmo_runtime.hardware.facts import Accelerator, Libraries

#: Oldest driver and compute capability for the CUDA version that torch was built with ("CUDA Toolkit, Driver, and
#: Architecture Matrix" and "CUDA Compatibility", docs.nvidia.com): CUDA 13 needs R580 and dropped what is older than
#: Turing; wheels of torch for CUDA 12.8 and later begin at Volta.
_REQUIREMENTS = {13: (580, (7, 5)), 12: (525, (7, 0)), 11: (450, (5, 0))}
_SOURCE = "NVML"


def list_nvidia() -> tuple[Accelerator, ...]:
    """Return the GPUs that NVML lists, in its order; none without a driver. `name_cuda_devices` names them.

    Raises
    ------
    Exception
        Of the library, if the driver is there but does not answer.
    """
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        if type(error).__name__ in ("NVMLError_LibraryNotFound", "NVMLError_DriverNotLoaded"):
            return ()
        raise
    try:
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return tuple(_describe(pynvml, handle, driver) for handle in handles)
    finally:
        pynvml.nvmlShutdown()


def _describe(pynvml: Any, handle: Any, driver: str) -> Accelerator:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    facts = ("name", "total_bytes", "free_bytes", "compute_capability", "driver")
    return Accelerator(
        vendor="nvidia",
        name=_text(pynvml.nvmlDeviceGetName(handle)),
        total_bytes=int(memory.total),
        free_bytes=int(memory.free),
        compute_capability=(int(major), int(minor)),
        driver=driver,
        uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
        sources=dict.fromkeys(facts, _SOURCE),
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def name_cuda_devices(
    found: Sequence[Accelerator], libraries: Libraries, visible: str | None = None
) -> tuple[Accelerator, ...]:
    """Give each GPU torch's name, or say why torch cannot use it.

    Parameters
    ----------
    found : sequence of Accelerator
        In NVML's order, which is CUDA's with ``CUDA_DEVICE_ORDER=PCI_BUS_ID``; `medmo_runtime.hardware.torch_view`
        corrects it by UUID where torch is asked.
    libraries : Libraries
    visible : str, optional
        ``CUDA_VISIBLE_DEVICES``: indices or UUIDs of the GPUs that CUDA shows, in its order.
    """
    shown = _visible(found, visible)
    result, number = [], 0
    for gpu in found:
        problem = "hidden by CUDA_VISIBLE_DEVICES" if gpu not in shown else _problem(gpu, libraries)
        device = None
        if problem is None:
            device, number = f"cuda:{shown.index(gpu) if visible is not None else number}", number + 1
        result.append(Accelerator(**{**vars(gpu), "device": device, "problem": problem}))
    return tuple(result)


def _visible(found: Sequence[Accelerator], visible: str | None) -> list[Accelerator]:
    if visible is None:
        return list(found)
    shown: list[Accelerator] = []
    for entry in (part.strip() for part in visible.split(",")):
        chosen = [
            gpu
            for index, gpu in enumerate(found)
            if entry == str(index) or (entry.startswith("GPU-") and gpu.uuid and gpu.uuid.startswith(entry))
        ]
        if not chosen:
            break  # CUDA ignores everything from the first entry that it cannot resolve
        shown += chosen
    return shown


def _problem(gpu: Accelerator, libraries: Libraries) -> str | None:
    if libraries.missing("torch"):
        return None
    if libraries.torch_cuda is None:
        return "the installed torch was built without CUDA; install torch's CUDA build"
    driver, capability = _REQUIREMENTS.get(int(libraries.torch_cuda.split(".")[0]), (0, (0, 0)))
    have = int((gpu.driver or "0").split(".")[0] or 0)
    if have < driver:
        return f"its driver {gpu.driver} is too old for CUDA {libraries.torch_cuda}, which needs {driver} or later"
    if gpu.compute_capability is not None and gpu.compute_capability < capability:
        return (
            f"compute capability {_dotted(gpu.compute_capability)}: torch for CUDA {libraries.torch_cuda} begins at "
            f"{_dotted(capability)}"
        )
    return None


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"
