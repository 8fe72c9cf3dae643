"""The vision encoder of an ONNX artifact on OpenVINO, for whichever network has use for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.host import RunInterruptedError
from medmo_models.networks.onnx.settings import VISION_NAME
from medmo_models.networks.openvino.arranging import wait_dropping_pages
from medmo_models.networks.openvino.graphs import vision_model
from medmo_models.networks.openvino.plugin import CpuPlugin, copied_outputs, set_inputs
from medmo_models.networks.openvino.stored_graph import StoredGraph
from medmo_models.process import trim_memory
from medmo_models.specs import Architecture


class OpenVinoVision:
    """A vision encoder (see `medmo_models.networks.onnx.host.VisionEncoder`).

    Parameters
    ----------
    plugin : CpuPlugin
    directory : Path
        The artifact.
    shape : Architecture
    eight_bits : bool
        Round plain weights to 8 bits.
    """

    def __init__(self, plugin: CpuPlugin, directory: Path, shape: Architecture, *, eight_bits: bool) -> None:
        self._plugin, self._path, self._shape, self._eight_bits = plugin, directory / VISION_NAME, shape, eight_bits
        self._compiled: Any = None
        # What a compiled graph does not rearrange it reads from the mapped files as long as it lives.
        self._weights: StoredGraph | None = None
        self._running: Any = None

    @property
    def compiled(self) -> Any:
        """The compiled graph, None if it is not loaded."""
        return self._compiled

    def load(self) -> None:
        """Load the encoder, if it is not."""
        if self._compiled is None:
            model, self._weights = vision_model(self._path, self._shape, eight_bits=self._eight_bits)
            self._compiled = self._plugin.compile(model, self._path)
            self.run(self._smallest())  # the first run arranges the weights

    def _smallest(self) -> dict[str, NDArray[Any]]:
        """Return the inputs of one image token, all zero."""
        patches = self._shape.spatial_merge_size**2
        return {
            port.any_name: np.zeros(
                [patches if size.is_dynamic else size.get_length() for size in port.partial_shape],
                port.element_type.to_dtype(),
            )
            for port in self._compiled.inputs
        }

    def release(self) -> None:
        """Free the encoder and what it needed."""
        if self._compiled is not None:
            self._compiled = self._weights = None
            trim_memory()

    def cancel(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        running = self._running
        if running is not None:
            running.cancel()

    def run(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return an image's features and its DeepStack levels."""
        self.load()
        request = self._compiled.create_infer_request()
        _held = set_inputs(request, inputs)
        self._running = request
        try:
            request.start_async()
            if self._weights is not None:
                wait_dropping_pages(request, self._weights)  # the first run arranges the weights
            request.wait()
        except RuntimeError as error:
            if "cancel" in str(error).lower():
                raise RunInterruptedError from error
            raise
        finally:
            self._running = None
        features, deepstack = copied_outputs(request)
        return features, deepstack
