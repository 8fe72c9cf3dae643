"""A file of weights that is mapped, not read."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from medmo_models.errors import InputError


class MappedFile:
    """Arrays in a file; their pages count as this process's memory only once they are read.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise InputError(f"{path} is missing; import or export the artifact again.")
        with path.open("rb") as file:
            self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._bytes = np.frombuffer(self._mapped, np.uint8)

    def array(self, offset: int, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return what is stored from ``offset`` on.

        Raises
        ------
        InputError
            If the file is too short.
        """
        length = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        stored = self._bytes[offset : offset + length]
        if len(stored) != length:
            raise InputError(f"{self._path} is cut short; import or export the artifact again.")
        shaped: NDArray[Any] = stored.view(dtype).reshape(shape)
        return shaped

    def drop_pages(self) -> None:
        """Take what was read out of this process's memory; it is read again if it is needed.

        Without effect where the system has no ``madvise``.
        """
        if hasattr(self._mapped, "madvise"):
            self._mapped.madvise(mmap.MADV_DONTNEED)
