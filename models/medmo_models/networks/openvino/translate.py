"""Translates our ONNX graphs into OpenVINO's operations, in the forms that its CPU plug-in fuses.

OpenVINO reads ONNX itself, but takes ``GroupQueryAttention`` apart into pieces that it does not fuse: at the 4B shape
that decoded 1.7 tokens/s (OpenVINO 2026.4). Here attention becomes ``ScaledDotProductAttention`` over keys and values
that are the model's state, and packed weights a constant that is converted, shifted, scaled and multiplied, which
stays packed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from medmo_models.errors import InputError
from medmo_models.networks.openvino.attention import AttentionBuilder
from medmo_models.networks.openvino.library import import_openvino
from medmo_models.networks.openvino.packed import eight_bit_weight, packed_weight, shared_constant
from medmo_models.networks.openvino.stored_graph import Node, StoredGraph

_DEFAULT_EPSILON = 1e-5


class Translator:
    """Translates one graph.

    Parameters
    ----------
    graph : StoredGraph
    inputs : dict
        The graph's inputs by name, as OpenVINO parameters.
    attention : AttentionBuilder
        Makes the attention and its state.
    eight_bits : bool
        Round plain weights to 8 bits, except those that read one of the inputs, as an 8-bit export does.
    """

    def __init__(
        self, graph: StoredGraph, inputs: dict[str, Any], attention: AttentionBuilder, *, eight_bits: bool = False
    ) -> None:
        import_openvino()
        from openvino import opset15

        self._ops: Any = opset15
        self._graph, self._attention = graph, attention
        self._eight_bits, self._read_directly = eight_bits, frozenset(inputs)
        self._values: dict[str, Any] = dict(inputs)
        self._stored: dict[str, str] = {}  # values that are a weight as the file has it, or widened: its name there
        self._rules: dict[str, Callable[[Node], list[Any]]] = {
            "Add": lambda node: [self._ops.add(*self._inputs(node))],
            "Cast": self._cast,
            "Concat": lambda node: [self._ops.concat(self._inputs(node), node.attributes["axis"])],
            "Gather": self._gather,
            "Gelu": self._gelu,
            "GroupQueryAttention": self._grouped_attention,
            "Identity": lambda node: self._inputs(node),
            "LayerNormalization": self._layer_normalization,
            "MatMul": self._product,
            "MatMulNBits": self._packed_product,
            "Mul": lambda node: [self._ops.multiply(*self._inputs(node))],
            "MultiHeadAttention": self._whole_attention,
            "Neg": lambda node: [self._ops.negative(*self._inputs(node))],
            "QuickGelu": self._swish,
            "Range": lambda _node: [None],  # patch numbers, which say that each patch has its own row of the tables
            "ReduceSum": lambda node: [self._ops.reduce_sum(*self._inputs(node), keep_dims=False)],
            "Reshape": lambda node: [self._ops.reshape(*self._inputs(node), special_zero=True)],
            "RotaryEmbedding": self._rotary,
            "Shape": lambda node: [self._ops.shape_of(self._value(node.inputs[0]))],
            "SimplifiedLayerNormalization": self._normalize_root,
            "SkipSimplifiedLayerNormalization": self._add_and_normalize,
            "Slice": self._slice,
            "Split": self._split,
            "Squeeze": lambda node: [self._ops.squeeze(*self._inputs(node))],
            "Sub": lambda node: [self._ops.subtract(*self._inputs(node))],
            "Unsqueeze": self._unsqueeze,
        }

    def outputs(self) -> list[Any]:
        """Return the graph's outputs that are not part of the state.

        Raises
        ------
        InputError
            If the graph has an operation that no export of ours writes.
        """
        for node in self._graph.nodes():
            rule = self._rules.get(node.operator)
            if rule is None:
                raise InputError(f"{self._graph.path} has the operation {node.operator}, which OpenVINO is not given.")
            for name, value in zip(node.outputs, rule(node), strict=False):
                self._values[name] = value
        results = [self._named(name) for name in self._graph.outputs if not name.startswith("present.")]
        self._values.clear()  # the rules refer to this object, so the weights would stay until garbage is collected
        return results

    def _named(self, name: str) -> Any:
        result = self._ops.result(self._values[name])
        result.output(0).set_names({name})
        return result

    def _value(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = shared_constant(self._graph.weight(name))
        return self._values[name]

    def _inputs(self, node: Node) -> list[Any]:
        return [self._value(name) for name in node.inputs if name]

    def _number(self, value: float) -> Any:
        return self._ops.constant(np.float32(value))

    def _cast(self, node: Node) -> list[Any]:
        if node.inputs[0] in self._stored:
            self._stored[node.outputs[0]] = self._stored[node.inputs[0]]
        return [self._ops.convert(self._value(node.inputs[0]), np.float32)]

    def _gather(self, node: Node) -> list[Any]:
        axis = self._ops.constant(node.attributes.get("axis", 0))
        return [self._ops.gather(*self._inputs(node), axis)]

    def _gelu(self, node: Node) -> list[Any]:
        mode = "tanh" if node.attributes.get("approximate") == "tanh" else "erf"
        return [self._ops.gelu(*self._inputs(node), mode)]

    def _swish(self, node: Node) -> list[Any]:
        if node.attributes["alpha"] != 1:
            raise InputError(f"{self._graph.path} has an activation that no export of ours writes.")
        return [self._ops.swish(*self._inputs(node))]

    def _layer_normalization(self, node: Node) -> list[Any]:
        value, weight, bias = self._inputs(node)
        epsilon = node.attributes.get("epsilon", _DEFAULT_EPSILON)
        normed = self._ops.mvn(value, self._ops.constant([-1]), True, epsilon, "inside_sqrt")
        return [self._ops.add(self._ops.multiply(normed, weight), bias)]

    def _root_mean_square(self, value: Any, weight: Any, node: Node) -> Any:
        ops = self._ops
        squares = ops.power(value, self._number(2))
        mean = ops.reduce_mean(squares, ops.constant([-1]), True)
        root = ops.sqrt(ops.add(mean, self._number(node.attributes["epsilon"])))
        return ops.multiply(ops.multiply(value, ops.divide(self._number(1), root)), weight)

    def _normalize_root(self, node: Node) -> list[Any]:
        value, weight = self._inputs(node)
        return [self._root_mean_square(value, weight, node)]

    def _add_and_normalize(self, node: Node) -> list[Any]:
        hidden, added, weight = self._inputs(node)
        total = self._ops.add(hidden, added)
        return [self._root_mean_square(total, weight, node), None, None, total]

    def _product(self, node: Node) -> list[Any]:
        source, weight = node.inputs
        stored = self._stored.get(weight, weight)
        if self._eight_bits and source not in self._read_directly and stored in self._graph:
            rounded = eight_bit_weight(self._graph.weight(stored))
            self._graph.drop_pages()  # what was read is not needed again
            return [self._packed(source, rounded)]
        return [self._ops.matmul(*self._inputs(node), False, False)]

    def _packed_product(self, node: Node) -> list[Any]:
        return [self._packed(node.inputs[0], packed_weight(self._graph, node))]

    def _packed(self, source: str, weight: Any) -> Any:
        """Multiply by a packed weight, which the plug-in keeps packed only if nothing is cut off from it."""
        ops, value = self._ops, self._value(source)
        inputs = value.get_output_partial_shape(0)[-1].get_length()
        if added := weight.shape[1] - inputs:
            before = [0] * len(value.get_output_partial_shape(0))
            value = ops.pad(value, ops.constant(before), ops.constant([*before[1:], added]), "constant")
        return ops.matmul(value, weight, False, True)

    def _slice(self, node: Node) -> list[Any]:
        if node.inputs[0] in self._graph:
            # The whole of a 16-bit weight: the slice is there for ONNX Runtime's sake (`medmo_export.onnx.linear`).
            self._stored[node.outputs[0]] = node.inputs[0]
            return [self._value(node.inputs[0])]
        value, start, stop, axes = self._inputs(node)
        return [self._ops.slice(value, start, stop, self._ops.constant([1]), axes)]

    def _split(self, node: Node) -> list[Any]:
        value, lengths = self._inputs(node)
        parts = self._ops.variadic_split(value, self._ops.constant(node.attributes["axis"]), lengths)
        return list(parts.outputs())

    def _unsqueeze(self, node: Node) -> list[Any]:
        if self._values.get(node.inputs[0], node) is None:
            return [None]
        return [self._ops.unsqueeze(*self._inputs(node))]

    def _rotary(self, node: Node) -> list[Any]:
        heads = node.attributes["num_heads"]
        return [self._attention.rotate(self._attention.by_heads(self._value(node.inputs[0]), heads))]

    def _whole_attention(self, node: Node) -> list[Any]:
        query, key, value = self._inputs(node)
        return [self._attention.whole(query, key, self._attention.by_heads(value, node.attributes["num_heads"]))]

    def _grouped_attention(self, node: Node) -> list[Any]:
        query, key, value = (self._value(name) for name in node.inputs[:3])
        heads, shared = node.attributes["num_heads"], node.attributes["kv_num_heads"]
        return [self._attention.grouped(query, key, value, heads, shared)]
