"""Linear layers of the graphs: 4 or 8 bits through ``MatMulNBits``, or 16 or 32 bits through ``MatMul``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medmo_export.onnx.graph import MICROSOFT, GraphBuilder
from medmo_export.onnx.options import WeightBits
from medmo_export.onnx.packing import PackedWeight, repack_gptq, round_to_nearest, stack
from medmo_export.onnx.stored_tensors import StoredTensors

#: Inputs that share a scale where weights are rounded here.
ROUNDING_BLOCK = 128


@dataclass
class StoredBits:
    """Counts what packed and plain weights take, for the manifest's bits per weight."""

    stored: int = 0
    weights: int = 0

    def add(self, stored: int, weights: int) -> None:
        """Count one matrix."""
        self.stored += stored
        self.weights += weights

    @property
    def per_weight(self) -> float:
        """Average stored bits per weight."""
        return self.stored / self.weights


@dataclass(frozen=True)
class StoredMatrix:
    """How a packed weight is stored.

    Attributes
    ----------
    bits, block, inputs : int
    zero_points, ordered : bool
        Whether it has zero points, and an order of inputs, of its own.
    """

    bits: int
    block: int
    inputs: int
    zero_points: bool
    ordered: bool


@dataclass
class LinearWriter:
    """Adds the products of one graph.

    Attributes
    ----------
    graph : GraphBuilder
    tensors : StoredTensors
    accuracy_level : int
        Of ``MatMulNBits``: 0 and 1 multiply float32 activations, 4 rounds them to int8 per block.
    protected : mapping of str to StoredTensors
        Layers that are stored in 8 bits instead, with the full-precision tensors that hold them.
    count : StoredBits
    matrices : dict of str to StoredMatrix
        The packed weights by name.
    """

    graph: GraphBuilder
    tensors: StoredTensors
    accuracy_level: int
    protected: Mapping[str, StoredTensors] = field(default_factory=dict)
    count: StoredBits = field(default_factory=StoredBits)
    matrices: dict[str, StoredMatrix] = field(default_factory=dict)

    def product(self, source: str, layers: list[str], bits: WeightBits) -> str:
        """Multiply ``source`` by the weights of ``layers``, side by side in the result.

        Parameters
        ----------
        source : str
            A value of shape (..., inputs).
        layers : list of str
            Names of layers that read the same input; GPTQ layers are repacked whatever ``bits`` says.
        bits : {4, 8, 16, 32}

        Returns
        -------
        str
            Value of shape (..., sum of outputs).
        """
        if f"{layers[0]}.qweight" in self.tensors or bits in (4, 8):
            parts = [self.packed(layer, bits) for layer in layers]
            joined = stack(parts) if len(parts) > 1 else parts[0]
            if joined is not None:
                return self._packed_product(source, _joined_name(layers), joined)
            singles = [self._packed_product(source, f"{n}.weight", p) for n, p in zip(layers, parts, strict=True)]
            return self.graph.node("Concat", *singles, axis=-1)
        name = _joined_name(layers)
        weight = np.concatenate([self.tensors.float32(f"{layer}.weight") for layer in layers])
        return self._plain_product(source, name, weight.reshape(weight.shape[0], -1), bits)

    def with_bias(self, value: str, layer: str) -> str:
        """Add a layer's bias."""
        name = f"{layer}.bias"
        return self.graph.node("Add", value, self.graph.constant(name, self.tensors.float32(name)))

    def packed(self, layer: str, bits: int) -> PackedWeight:
        """Return a layer's weights in ``bits``, or as GPTQ or a recipe has them."""
        if layer in self.protected:
            weight = self.protected[layer].float32(f"{layer}.weight")
            return round_to_nearest(weight, 8, ROUNDING_BLOCK)
        if f"{layer}.qweight" not in self.tensors:
            weight = self.tensors.float32(f"{layer}.weight")
            return round_to_nearest(weight.reshape(weight.shape[0], -1), bits, ROUNDING_BLOCK)
        return repack_gptq(
            np.asarray(self.tensors.raw(f"{layer}.qweight"), dtype=np.int32),
            np.asarray(self.tensors.raw(f"{layer}.qzeros"), dtype=np.int32),
            self.tensors.float32(f"{layer}.scales"),
            np.asarray(self.tensors.raw(f"{layer}.g_idx"), dtype=np.int32),
        )

    def _packed_product(self, source: str, name: str, packed: PackedWeight) -> str:
        self.count.add(packed.stored_bits, packed.inputs * packed.outputs)
        self.matrices[name] = StoredMatrix(
            packed.bits, packed.block, packed.inputs, packed.zero_points is not None, packed.input_order is not None
        )
        graph = self.graph
        if packed.input_order is not None:
            source = graph.node("Gather", source, graph.constant(f"{name}.order", packed.input_order), axis=-1)
        inputs = [
            source,
            graph.constant(f"{name}.values", packed.values),
            graph.constant(f"{name}.scales", packed.scales),
        ]
        if packed.zero_points is not None:
            inputs.append(graph.constant(f"{name}.zero_points", packed.zero_points))
        return graph.node(
            "MatMulNBits",
            *inputs,
            domain=MICROSOFT,
            K=packed.inputs,
            N=packed.outputs,
            bits=packed.bits,
            block_size=packed.block,
            accuracy_level=self.accuracy_level,
        )

    def _plain_product(self, source: str, name: str, weight: NDArray[np.float32], bits: int) -> str:
        self.count.add(bits * weight.size, weight.size)
        turned = self.graph.constant(f"{name}.transposed", weight.T.astype(np.float16 if bits == 16 else np.float32))
        if bits == 16:
            turned = self._widened_when_needed(turned, source)
        return self.graph.node("MatMul", source, turned)

    def _widened_when_needed(self, weight: str, source: str) -> str:
        """Convert a 16-bit weight just before its product: in memory weights stay as small as they are on disk.

        A conversion that depends on nothing but the weight would be run first of all, and every weight be held in 32
        bits at once (ONNX Runtime 1.31; 1.1 GB at the 4B shape's vision encoder). So it is made to depend on
        ``source``: the slice begins at the length of ``source`` less itself, which is zero.
        """
        graph = self.graph
        length = graph.node("Shape", source, start=0, end=1)
        start = graph.node("Sub", length, length)
        whole = graph.node("Slice", weight, start, graph.integers(np.iinfo(np.int64).max), graph.integers(0))
        return graph.node("Cast", whole, to=1)


def _joined_name(layers: list[str]) -> str:
    if len(layers) == 1:
        return f"{layers[0]}.weight"
    kinds = "_".join(layer.rpartition(".")[2].removesuffix("_proj") for layer in layers)
    return f"{layers[0].rpartition('.')[0]}.{kinds}.weight"
