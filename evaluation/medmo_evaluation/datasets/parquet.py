"""Rows of Hugging Face datasets that lie on disk as Parquet or JSON Lines files; images are read when needed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medmo_models.errors import InputError


@dataclass(frozen=True)
class StoredRow:
    """A row without its images.

    Attributes
    ----------
    values : mapping
        The other columns.
    file : Path
    group, place : int
        Row group of the Parquet file, and the row's place in it.
    """

    values: Mapping[str, Any]
    file: Path
    group: int = 0
    place: int = 0

    def image(self, column: str) -> NDArray[np.uint8]:
        """Decode an image column, RGB, shape (height, width, 3).

        Raises
        ------
        InputError
            If the bytes are no image.
        """
        stored = _column(self.file, self.group, column)[self.place]
        data = stored["bytes"] if isinstance(stored, dict) else stored
        try:
            with Image.open(io.BytesIO(data)) as image:
                return np.asarray(image.convert("RGB"))
        except (OSError, TypeError, ValueError) as error:
            raise InputError(f"{self.file}: a row's {column} is no image that can be read.") from error


def read_rows(folder: Path, split: str, image_columns: tuple[str, ...] = ()) -> Iterator[StoredRow]:
    """Yield the rows of a split, from ``**/SPLIT*.parquet``, ``.jsonl`` or ``.json`` files in order of their names.

    Raises
    ------
    InputError
        If there is none, or one cannot be read.
    """
    files = sorted(
        file
        for suffix in ("parquet", "jsonl", "json")
        for file in folder.glob(f"**/{split}*.{suffix}")
        if file.is_file()
    )
    if not files:
        raise InputError(f"{folder} has no {split}*.parquet or {split}*.jsonl; give the folder of the dataset.")
    for file in files:
        yield from _parquet_rows(file, image_columns) if file.suffix == ".parquet" else _json_rows(file)


def _parquet_rows(file: Path, image_columns: tuple[str, ...]) -> Iterator[StoredRow]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as stored:
            columns = [name for name in stored.schema_arrow.names if name not in image_columns]
            present = set(stored.schema_arrow.names)
            for group in range(stored.num_row_groups):
                rows = stored.read_row_group(group, columns=columns).to_pylist()
                for place, values in enumerate(rows):
                    yield StoredRow({**values, "image_columns": present & set(image_columns)}, file, group, place)
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"{file} cannot be read as Parquet; copy the dataset again.") from error


def _json_rows(file: Path) -> Iterator[StoredRow]:
    try:
        text = file.read_text(encoding="utf-8")
        rows = json.loads(text) if file.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line]
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON in UTF-8; copy the dataset again.") from error
    for place, values in enumerate(rows):
        yield StoredRow(values, file, 0, place)


@lru_cache(maxsize=2)
def _column(file: Path, group: int, column: str) -> list[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as stored:
        values: list[Any] = stored.read_row_group(group, columns=[column]).column(0).to_pylist()
    return values
