"""An ONNX file of ours: its nodes, and its weights mapped from the file beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from medmo_models.errors import InputError
from medmo_models.networks.mapped_file import MappedFile


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes
    ----------
    operator : str
    inputs, outputs : tuple of str
        Names of values; empty where one is left out.
    attributes : dict
        Numbers and lists of numbers as they are, texts as str.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


class StoredGraph:
    """Reads a graph; weights are mapped, not read.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file.

    Raises
    ------
    InputError
        If the file or its weights are missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        import onnx
        from google.protobuf.message import DecodeError

        self.path = path
        try:
            self._graph = onnx.load(path, load_external_data=False).graph
        except FileNotFoundError as error:
            raise InputError(f"{path} is missing; import or export the artifact again.") from error
        except (DecodeError, ValueError) as error:
            raise InputError(f"{path} is damaged; import or export the artifact again.") from error
        self._stored = {tensor.name: tensor for tensor in self._graph.initializer}
        self._files: dict[str, MappedFile] = {}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the graph's outputs."""
        return tuple(value.name for value in self._graph.output)

    def nodes(self) -> Iterator[Node]:
        """Return the operations in the order in which they can be computed."""
        from onnx import helper

        for node in self._graph.node:
            attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            texts = {name: value.decode() for name, value in attributes.items() if isinstance(value, bytes)}
            yield Node(node.op_type, tuple(node.input), tuple(node.output), {**attributes, **texts})

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def weight(self, name: str) -> NDArray[Any]:
        """Return a constant, mapped from its file unless it is in the graph's own.

        Raises
        ------
        InputError
            If the file that holds it is missing or too short.
        """
        from onnx import helper, numpy_helper

        tensor = self._stored[name]
        if not tensor.external_data:
            value: NDArray[Any] = numpy_helper.to_array(tensor)
            return value
        place = {entry.key: entry.value for entry in tensor.external_data}
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
        return self._map(place["location"]).array(int(place["offset"]), dtype, tuple(tensor.dims))

    def drop_pages(self) -> None:
        """Take what was read of the mapped files out of this process's memory; it is read again if it is needed.

        Without effect where the system has no ``madvise``.
        """
        for file in self._files.values():
            file.drop_pages()

    def _map(self, location: str) -> MappedFile:
        if location not in self._files:
            path = self.path.parent / location
            if Path(location).name != location:
                raise InputError(f"{self.path} is damaged; import or export the artifact again.")
            self._files[location] = MappedFile(path)
        return self._files[location]
