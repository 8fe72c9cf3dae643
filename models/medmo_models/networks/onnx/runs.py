"""Runs of ONNX Runtime that another thread can end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from medmo_models.errors import CannotRunError
from medmo_models.networks.onnx.host import RunInterruptedError
from medmo_models.networks.onnx.library import import_onnxruntime


class InterruptibleRuns:
    """One run at a time."""

    def __init__(self) -> None:
        self._running: Any = None

    def interrupt(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        running = self._running
        if running is not None:
            running.terminate = True

    @contextmanager
    def options(self) -> Iterator[Any]:
        """Yield the options of one run, which `interrupt` reaches."""
        self._running = import_onnxruntime().RunOptions()
        try:
            yield self._running
        except Exception as error:  # ONNX Runtime's errors share no base but Exception
            if "terminate flag" in str(error):
                raise RunInterruptedError from error
            if "requires f16" in str(error):  # the WebGPU provider, when a run compiles its shaders
                raise CannotRunError(
                    "This GPU has no 16-bit floating point, which the weights of the vision encoder need; export the "
                    "model again with --vision-bits 32."
                ) from error
            raise
        finally:
            self._running = None
