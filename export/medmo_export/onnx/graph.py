"""Builds one ONNX graph node by node and streams its weights into a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from medmo_models import __version__

MICROSOFT = "com.microsoft"
_OPSET = 21
#: IR version that ONNX Runtime 1.20 and later read.
_IR_VERSION = 10
#: Weights start at whole pages, so that a runtime can map them instead of reading them.
_ALIGNMENT = 4096
#: Smaller constants stay in the graph's own file.
_EXTERNAL_FROM_BYTES = 1024

_TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(np.int8): TensorProto.INT8,
    np.dtype(np.int32): TensorProto.INT32,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.uint8): TensorProto.UINT8,
}
Shape = Sequence[int | str]


class WeightFile:
    """The file that holds the weights of one or several graphs; a weight is written once, whoever refers to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("wb")
        self._written: dict[str, TensorProto] = {}

    def close(self) -> None:
        """Flush and close the file."""
        self._stream.close()

    def find(self, name: str) -> TensorProto | None:
        """Return a weight that was written before."""
        return self._written.get(name)

    def write(self, name: str, value: NDArray[Any]) -> TensorProto:
        """Append a tensor and return its reference."""
        self._stream.write(b"\0" * (-self._stream.tell() % _ALIGNMENT))
        begin = self._stream.tell()
        contiguous = np.ascontiguousarray(value)
        contiguous.tofile(self._stream)
        tensor = TensorProto(name=name, data_type=_TYPES[contiguous.dtype], dims=contiguous.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, entry in (("location", self.path.name), ("offset", str(begin)), ("length", str(contiguous.nbytes))):
            tensor.external_data.add(key=key, value=entry)
        self._written[name] = tensor
        return tensor


class GraphBuilder:
    """One graph.

    Parameters
    ----------
    name : str
        Of the graph.
    weights : WeightFile
        Where large constants go.

    Attributes
    ----------
    metadata : dict of str to str
        Saved with the graph.
    """

    def __init__(self, name: str, weights: WeightFile) -> None:
        self._name = name
        self._weights = weights
        self.metadata: dict[str, str] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def input(self, name: str, dtype: type[np.generic], shape: Shape) -> str:
        """Declare a graph input; a text dimension is dynamic."""
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[np.dtype(dtype)], list(shape)))
        return name

    def output(self, name: str, dtype: type[np.generic], shape: Shape) -> None:
        """Declare the value ``name`` a graph output."""
        self._outputs.append(helper.make_tensor_value_info(name, _TYPES[np.dtype(dtype)], list(shape)))

    def constant(self, name: str, value: NDArray[Any], file: WeightFile | None = None) -> str:
        """Add a constant under a name of its own; the same name again is the same constant.

        A large one goes into ``file`` if that is given.
        """
        weights = file or self._weights
        if name not in self._constants:
            written = weights.find(name)
            if written is None and value.nbytes >= _EXTERNAL_FROM_BYTES:
                written = weights.write(name, value)
            if written is None:
                written = helper.make_tensor(
                    name, _TYPES[value.dtype], value.shape, np.ascontiguousarray(value).tobytes(), raw=True
                )
            self._constants[name] = written
        return name

    def stored(self, name: str) -> str | None:
        """Refer to a constant that the weight file already holds; None if it does not."""
        written = self._weights.find(name)
        if written is None:
            return None
        self._constants[name] = written
        return name

    def place(self, name: str) -> dict[str, Any]:
        """Say where the weight file holds a constant of this graph, putting it there if the graph's own file does.

        Returns
        -------
        dict
            ``offset``, ``dtype`` (numpy's name) and ``shape``.
        """
        tensor = self._weights.find(name) or self._weights.write(name, numpy_helper.to_array(self._constants[name]))
        offset = next(int(entry.value) for entry in tensor.external_data if entry.key == "offset")
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
        return {"offset": offset, "dtype": str(dtype), "shape": list(tensor.dims)}

    def integers(self, *values: int) -> str:
        """Add a constant list of int64."""
        return self.constant("integers_" + "_".join(map(str, values)), np.asarray(values, dtype=np.int64))

    def node(
        self, operator: str, *inputs: str, domain: str = "", output: str = "", name: str = "", **attributes: Any
    ) -> str:
        """Add a node of one output and return the output's name; an empty input is left out."""
        return self.nodes(operator, *inputs, domain=domain, outputs=(output,), name=name, **attributes)[0]

    def nodes(
        self,
        operator: str,
        *inputs: str,
        outputs: Sequence[str | None],
        domain: str = "",
        name: str = "",
        **attributes: Any,
    ) -> list[str]:
        """Add a node of several outputs: ``""`` gives one a name, None leaves it out; the node's own is made up."""
        names = []
        for place, wished in enumerate(outputs):
            self._count += 1
            names.append("" if wished is None else wished or f"{operator}_{self._count}_{place}")
        self._nodes.append(
            helper.make_node(
                operator, list(inputs), names, name=name or f"node_{self._count}", domain=domain, **attributes
            )
        )
        return names

    def save(self, path: Path) -> None:
        """Write the graph; the weights are already in their file."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, initializer=list(self._constants.values())
        )
        model = helper.make_model(
            graph,
            producer_name="medmo-edge",
            producer_version=__version__,
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)],
        )
        helper.set_model_props(model, self.metadata)
        path.write_bytes(model.SerializeToString())
