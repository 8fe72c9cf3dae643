"""The weights of one decoder layer after another, widened to 8 bits from the decoder's mapped file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.mapped_file import MappedFile
from medmo_models.networks.onnx.row_scales import scratch_size, widen_rows

#: Key of the graph's metadata that says where the weights are, as JSON.
METADATA = "layer_weights"


class LayerWeights:
    """Inputs of the graph of one layer (``prefill-layer.onnx``).

    Parameters
    ----------
    file : Path
        The decoder's weights.
    description : str
        The graph's metadata: ``layers``, what the names of all layers' weights begin with; ``products``, for each
        product the stored ``matrix`` (its name within a layer), and of it ``rows`` and ``columns``, first and last
        less one; ``norms``, names within a layer; ``bits`` of each matrix; and ``tensors`` by name, with ``offset``,
        ``dtype`` and ``shape``.
    threads : int
        That widen.

    Raises
    ------
    InputError
        If the file is missing or cut short.
    """

    def __init__(self, file: Path, description: str, threads: int) -> None:
        self._file = MappedFile(file)
        self._described: dict[str, Any] = json.loads(description)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._buffers: dict[str, NDArray[Any]] = {}
        self._scratch = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads."""
        self._pool.shutdown()

    def read(self, layer: int) -> dict[str, NDArray[Any]]:
        """Return a layer's inputs by name; they are overwritten when the next layer is read."""
        prefix = f"{self._described['layers']}.{layer}."
        inputs = {name: self._tensor(f"{prefix}{norm}") for name, norm in self._described["norms"].items()}
        jobs = [
            self._pool.submit(self._widen, f"{prefix}{product['matrix']}", product, *filled)
            for name, product in self._described["products"].items()
            for filled in self._filled(name, prefix, product, inputs)
        ]
        for job in jobs:
            job.result()
        self._file.drop_pages()
        return inputs

    def _filled(
        self, name: str, prefix: str, product: dict[str, Any], inputs: dict[str, NDArray[Any]]
    ) -> Iterator[tuple[slice, NDArray[np.int8], NDArray[np.float32]]]:
        """Add a product's inputs, and yield the rows that each thread is to fill."""
        first, last = product["rows"]
        block = self._block(f"{prefix}{product['matrix']}")
        columns = -(-(product["columns"][1] - product["columns"][0]) // block) * block
        values = inputs[f"{name}.values"] = self._buffer(f"{name}.values", (last - first, columns), np.int8)
        scales = inputs[f"{name}.scales"] = self._buffer(f"{name}.scales", (last - first,), np.float32)
        share = -(-(last - first) // self._threads)
        for start in range(0, last - first, share):
            part = slice(start, min(start + share, last - first))
            yield slice(first + part.start, first + part.stop), values[part], scales[part]

    def _widen(
        self,
        matrix: str,
        product: dict[str, Any],
        rows: slice,
        widened: NDArray[np.int8],
        row_scales: NDArray[np.float32],
    ) -> None:
        bits, block = self._described["bits"][matrix], self._block(matrix)
        first, last = product["columns"]
        blocks = slice(first // block, -(-last // block))
        zeros: NDArray[np.uint8] | None = None
        if f"{matrix}.zero_points" in self._described["tensors"]:
            zeros = self._tensor(f"{matrix}.zero_points")[rows]
            if bits == 4:
                zeros = np.stack([zeros & 15, zeros >> 4], axis=2).reshape(len(zeros), -1)
            zeros = zeros[:, blocks]
        values, scales = self._tensor(f"{matrix}.values"), self._tensor(f"{matrix}.scales")
        packed = values[rows, blocks]
        scratch = self._own_scratch(scratch_size(packed))
        widen_rows(packed, scales[rows, blocks], zeros, bits, widened, row_scales, scratch)

    def _own_scratch(self, size: int) -> NDArray[np.uint16]:
        """Return memory that is this thread's alone."""
        found: NDArray[np.uint16] | None = getattr(self._scratch, "values", None)
        if found is None or found.size < size:
            found = self._scratch.values = np.empty(size, np.uint16)
        return found

    def _block(self, matrix: str) -> int:
        size: int = self._described["tensors"][f"{matrix}.values"]["shape"][2]
        return size * 8 // int(self._described["bits"][matrix])

    def _tensor(self, name: str) -> NDArray[Any]:
        place = self._described["tensors"][name]
        return self._file.array(place["offset"], place["dtype"], tuple(place["shape"]))

    def _buffer(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        found = self._buffers.get(name)
        if found is None or found.shape != shape:
            found = self._buffers[name] = np.empty(shape, dtype)
        return found
