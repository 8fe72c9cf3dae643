"""Tensors of safetensors files as numpy arrays, one at a time, bfloat16 included, without torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.errors import InputError

_DTYPES = {"F32": np.float32, "F16": np.float16, "I32": np.int32, "BF16": np.uint16}


@dataclass(frozen=True)
class _Place:
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int


class StoredTensors:
    """The tensors of a checkpoint by name.

    Parameters
    ----------
    files : iterable of Path
        safetensors files; their headers are checked, no tensor is read yet.

    Raises
    ------
    InputError
        If a file is missing, cut short or not in the safetensors format.

    Notes
    -----
    The format is eight bytes of header length (little endian), the header as JSON, the tensors
    (https://github.com/huggingface/safetensors#format). It is read here because numpy has no bfloat16.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._places: dict[str, _Place] = {}
        for file in files:
            read_tensor_headers([file])
            with file.open("rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                header = json.loads(stream.read(length))
            for name, entry in header.items():
                if name != "__metadata__":
                    start = 8 + length + entry["data_offsets"][0]
                    self._places[name] = _Place(file, entry["dtype"], tuple(entry["shape"]), start)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def raw(self, name: str) -> NDArray[np.generic]:
        """Return a tensor as stored, mapped from its file; bfloat16 as uint16.

        Raises
        ------
        InputError
            If there is no tensor of that name, or it is of a type that no Qwen3-VL checkpoint has.
        """
        place = self._places.get(name)
        if place is None:
            raise InputError(f"The checkpoint has no tensor {name}; copy it again.")
        if place.dtype not in _DTYPES:
            raise InputError(f"{place.file} holds {name} as {place.dtype}, which is not exported to ONNX.")
        return np.memmap(place.file, _DTYPES[place.dtype], "r", place.offset, place.shape)

    def float32(self, name: str) -> NDArray[np.float32]:
        """Return a floating-point tensor converted to float32, which is exact from 16 bits."""
        stored = self.raw(name)
        if self._places[name].dtype == "BF16":
            widened: NDArray[np.float32] = (stored.astype(np.uint32) << 16).view(np.float32)
            return widened
        return np.asarray(stored, dtype=np.float32)
