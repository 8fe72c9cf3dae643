"""The probe: asks every source for facts, within a second, and never raises."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from medmo_runtime.hardware.facts import Accelerator, Libraries, Machine
from medmo_runtime.hardware.host_memory import describe_memory
from medmo_runtime.hardware.libraries import describe_libraries
from medmo_runtime.hardware.nvidia import find_nvidia
from medmo_runtime.hardware.other_gpus import find_other_gpus
from medmo_runtime.hardware.processor import describe_processor

#: A driver that hangs must not hang the caller.
LONGEST_S = 0.9
_Fact = TypeVar("_Fact")


class _Clock:
    """Runs sources in threads of their own until the time is up, and notes which did not answer."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.unanswered: list[str] = []

    def ask(self, title: str, source: Callable[[], _Fact], otherwise: _Fact) -> _Fact:
        """Return the source's answer, or ``otherwise`` if it fails or takes too long."""
        answers: list[_Fact] = []
        failures: list[str] = []

        def run() -> None:
            try:
                answers.append(source())
            except Exception as error:  # whatever a driver's library raises is a fact about this machine
                failures.append(f"{title}: {error or type(error).__name__}")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(max(0.0, self._end - time.monotonic()))
        if answers:
            return answers[0]
        self.unanswered += failures or [f"{title}: no answer within {LONGEST_S} s"]
        return otherwise


def probe_machine(seconds: float = LONGEST_S) -> Machine:
    """Return the facts about this machine.

    Takes about as long as importing ONNX Runtime does the first time (a quarter of a second) and never more than
    ``seconds`` for all sources that could hang; torch is not imported.
    """
    clock = _Clock(seconds)
    libraries = clock.ask("libraries", describe_libraries, Libraries())
    nothing: tuple[Accelerator, ...] = ()
    nvidia = clock.ask("NVML", lambda: find_nvidia(libraries), nothing)
    others = clock.ask("GPUs", lambda: find_other_gpus(libraries), nothing)
    return Machine(
        system=platform.system(),
        architecture=platform.machine(),
        processor=describe_processor(),
        memory=describe_memory(),
        accelerators=(*nvidia, *others),
        libraries=libraries,
        unanswered=tuple(clock.unanswered),
    )
