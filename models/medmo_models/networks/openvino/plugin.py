"""OpenVINO's CPU plug-in with the settings that all graphs of a model share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import CannotRunError
from medmo_models.networks.openvino.library import import_openvino

#: Inputs that share one scale where activations are rounded to 8 bits.
_ROUNDED_GROUP = 128


class CpuPlugin:
    """Compiles models for this machine's CPU.

    Parameters
    ----------
    exact : bool
        Multiply float32 activations instead of rounding them to int8.
    threads : int, optional
        OpenVINO's own choice if not given.
    more : str
        Further properties of the plug-in.

    Raises
    ------
    CannotRunError
        If OpenVINO cannot be loaded.
    """

    def __init__(self, *, exact: bool, threads: int | None, **more: str) -> None:
        try:
            self._core = import_openvino().Core()
        except (ImportError, OSError) as error:
            raise CannotRunError(f"OpenVINO cannot be loaded: {error!s:.200}; install medmo-edge[openvino].") from error
        self._properties: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0 if exact else _ROUNDED_GROUP,
            **more,
        }
        if exact:  # else the plug-in takes bfloat16 for the rest where the processor has instructions for it
            self._properties["INFERENCE_PRECISION_HINT"] = "f32"
        if threads is not None:
            self._properties["INFERENCE_NUM_THREADS"] = threads

    def compile(self, model: Any, path: Path) -> Any:
        """Return a model compiled.

        Raises
        ------
        CannotRunError
            If the plug-in cannot run it; the text names ``path``, which it was made from.
        """
        try:
            return self._core.compile_model(model, "CPU", self._properties)
        except RuntimeError as error:
            raise CannotRunError(f"OpenVINO cannot run {path}: {error!s:.200}") from error


def set_inputs(request: Any, inputs: dict[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
    """Hand inputs to a request without a copy; return what must be held until its run has ended."""
    openvino = import_openvino()
    arrays = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
    for name, value in arrays.items():
        request.set_tensor(name, openvino.Tensor(value, shared_memory=True))
    return list(arrays.values())


def copied_outputs(request: Any) -> list[NDArray[np.float32]]:
    """Return copies of what a request's run has computed."""
    return [np.array(output.data) for output in request.output_tensors]
