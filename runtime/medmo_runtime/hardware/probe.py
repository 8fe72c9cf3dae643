"""The probe: asks every source for facts at once, within a second, and never raises."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from medmo_runtime.hardware.facts import Accelerator, HostMemory, Libraries, Machine, Processor
from medmo_runtime.hardware.host_memory import describe_memory
from medmo_runtime.hardware.libraries import add_onnx_view, ask_onnxruntime, describe_libraries
from medmo_runtime.hardware.nvidia import list_nvidia, name_cuda_devices
from medmo_runtime.hardware.other_gpus import add_onnx_gpus, list_other_gpus, name_torch_devices
from medmo_runtime.hardware.processor import describe_processor

#: A driver that hangs must not hang the caller.
LONGEST_S = 0.9
_Fact = TypeVar("_Fact")
_Other = TypeVar("_Other")


class _Source(Generic[_Fact]):
    """A source that is being asked in a thread of its own."""

    def __init__(self, title: str, ask: Callable[[], _Fact]) -> None:
        self._title = title
        self._answers: list[_Fact] = []
        self._failures: list[str] = []

        def run() -> None:
            try:
                self._answers.append(ask())
            except Exception as error:  # whatever a driver's library raises is a fact about this machine
                self._failures.append(f"{title}: {error or type(error).__name__}")

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def answer(self, end: float, otherwise: _Other, unanswered: list[str]) -> _Fact | _Other:
        """Return its answer; after ``end`` (`time.monotonic`) or if it failed ``otherwise``, and note that."""
        self._thread.join(max(0.0, end - time.monotonic()))
        if self._answers:
            return self._answers[0]
        unanswered += self._failures or [f"{self._title}: no answer in time"]
        return otherwise


def probe_machine(seconds: float = LONGEST_S) -> Machine:
    """Return the facts about this machine; what a source did not tell is in ``unanswered``.

    Takes about as long as importing ONNX Runtime does the first time (a quarter of a second) and never more than
    ``seconds`` for all sources together; torch is not imported.
    """
    end = time.monotonic() + seconds
    asked_libraries = _Source("libraries", describe_libraries)
    asked_onnx = _Source("ONNX Runtime", ask_onnxruntime)
    asked_nvidia = _Source("NVML", list_nvidia)
    asked_others = _Source("GPUs", list_other_gpus)
    asked_processor = _Source("processor", describe_processor)
    asked_memory = _Source("memory", describe_memory)
    missing: list[str] = []
    nothing: tuple[Accelerator, ...] = ()
    libraries = add_onnx_view(asked_libraries.answer(end, Libraries(), missing), asked_onnx.answer(end, None, missing))
    nvidia = name_cuda_devices(
        asked_nvidia.answer(end, nothing, missing), libraries, os.environ.get("CUDA_VISIBLE_DEVICES")
    )
    found = (*nvidia, *asked_others.answer(end, nothing, missing))
    others = add_onnx_gpus(found, libraries)[len(nvidia) :]
    unknown = {"name": "the Python module platform", "cores": "the Python module os"}
    return Machine(
        system=platform.system(),
        architecture=platform.machine(),
        processor=asked_processor.answer(
            end, Processor(name=platform.machine(), cores=os.cpu_count() or 1, sources=unknown), missing
        ),
        memory=asked_memory.answer(
            end, HostMemory(total_bytes=0, free_bytes=0, sources={"total_bytes": "nothing told"}), missing
        ),
        accelerators=(*nvidia, *name_torch_devices(others, libraries)),
        libraries=libraries,
        unanswered=tuple(missing),
    )
