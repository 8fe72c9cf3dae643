"""The 8-bit rows of a head with a shortlist: mapped from the decoder's file, of which each run reads a few."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medmo_models.errors import InputError
from medmo_models.networks.mapped_file import MappedFile
from medmo_models.networks.onnx.library import import_onnxruntime

#: Entry of a graph's metadata that says where the rows are stored, by the graph's input.
METADATA = "head_rows"
#: The graph's inputs for the rows and their scales.
INPUTS = {"values": "head_rows", "scales": "head_scales"}
#: Runs after which the pages that were read leave this process's memory. Each reads up to 128 rows, and the system maps
#: 64 KB around each.
RUNS_BETWEEN_DROPS = 4


class HeadRows:
    """What the graph's inputs `INPUTS` are bound to.

    Parameters
    ----------
    weights : Path
        The decoder's file.
    described : str
        The graph's metadata.

    Raises
    ------
    InputError
        If the file is missing or cut short, or the metadata is damaged.
    """

    def __init__(self, weights: Path, described: str) -> None:
        self._file = MappedFile(weights)
        make = import_onnxruntime().OrtValue.ortvalue_from_numpy
        try:
            places = {name: json.loads(described)[name] for name in INPUTS.values()}
            arrays = {
                name: self._file.array(place["offset"], place["dtype"], tuple(place["shape"]))
                for name, place in places.items()
            }
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"The decoder beside {weights} is damaged; import or export the artifact again."
            ) from error
        self._values = {name: make(array) for name, array in arrays.items()}
        self._runs = 0

    def bind(self, binding: Any) -> None:
        """Bind the graph's inputs."""
        for name, value in self._values.items():
            binding.bind_ortvalue_input(name, value)

    def count_run(self) -> None:
        """Take the pages that were read out of memory, every now and then."""
        self._runs += 1
        if self._runs % RUNS_BETWEEN_DROPS == 0:
            self._file.drop_pages()
