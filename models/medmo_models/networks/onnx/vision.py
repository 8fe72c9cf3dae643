"""The vision encoder of an ONNX artifact on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.runs import InterruptibleRuns
from medmo_models.networks.onnx.sessions import CPU_PROVIDER, Provider, open_session, session_options
from medmo_models.networks.onnx.settings import VISION_NAME
from medmo_models.process import trim_memory


class OnnxVision:
    """A vision encoder (see `medmo_models.networks.onnx.host.VisionEncoder`).

    Parameters
    ----------
    directory : Path
        The artifact.
    provider : Provider
        Execution provider.
    threads : int, optional
        Of a CPU run; ONNX Runtime's own choice if not given.
    left_to_cpu : sequence of str
        Nodes that the provider is to leave to the CPU.
    """

    def __init__(
        self,
        directory: Path,
        provider: Provider = CPU_PROVIDER,
        *,
        threads: int | None = None,
        left_to_cpu: Sequence[str] = (),
    ) -> None:
        self._path, self._provider = directory / VISION_NAME, provider
        self._threads, self._left_to_cpu = threads, left_to_cpu
        self._session: Any = None
        self._runs = InterruptibleRuns()

    def load(self) -> None:
        """Load the encoder, if it is not."""
        if self._session is None:
            options = session_options(self._threads)
            # It runs once per image: what it needs in between goes back to the system.
            options.enable_cpu_mem_arena = False
            options.enable_mem_pattern = False
            self._session = open_session(self._path, options, self._provider, left_to_cpu=self._left_to_cpu)

    def release(self) -> None:
        """Free the encoder and what it needed."""
        if self._session is not None:
            self._session = None
            trim_memory()

    def cancel(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        self._runs.interrupt()

    def run(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return an image's features and its DeepStack levels."""
        self.load()
        with self._runs.options() as options:
            features, deepstack = self._session.run(["image_features", "deepstack_features"], inputs, options)
        return features, deepstack
