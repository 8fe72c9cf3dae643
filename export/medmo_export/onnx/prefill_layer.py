"""One decoder layer with its weights as inputs: prompts go through it layer by layer, in products of 8-bit integers.

``MatMulNBits`` is made for one token. On a long prompt ONNX Runtime's product of 8-bit integers is twice as fast on
CPUs, so the runtime widens one layer's weights at a time to 8 bits with one scale per row, multiplies activations
rounded to 8 bits with one scale per token, and forgets the widened weights again.

Inputs (S tokens, T places in the cache, float32 unless said): ``hidden`` (S, hidden); ``deepstack_features`` (S or 1,
hidden); ``rotary_cos``, ``rotary_sin``, ``seqlens_k``, ``total_sequence_length``, ``past_key_values.0.key`` and
``.value`` as in the decoder; each of `NORMS`; and for each product ``NAME.values`` int8 (rows, blocks * block) and
``NAME.scales`` (rows,). Outputs: ``output`` (S, hidden), ``present.0.key`` and ``.value``.

The graph's metadata says where the weights are in the decoder's file
(`medmo_models.networks.onnx.layer_weights.LayerWeights` reads it).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from medmo_export.onnx.decoder import TEXT_LAYERS, add_attention, add_place_inputs
from medmo_export.onnx.graph import MICROSOFT, GraphBuilder
from medmo_export.onnx.linear import StoredMatrix
from medmo_models.networks.onnx.layer_weights import METADATA
from medmo_models.specs import Architecture

#: The layer's normalizations: input of the graph, and the weight's name within a layer.
NORMS = {
    "input_norm": "input_layernorm.weight",
    "query_norm": "self_attn.q_norm.weight",
    "key_norm": "self_attn.k_norm.weight",
    "feed_forward_norm": "post_attention_layernorm.weight",
}
_ATTENTION_IN, _ATTENTION_OUT = "self_attn.q_k_v.weight", "self_attn.o_proj.weight"
_FEED_IN, _FEED_OUT = "mlp.gate_up.weight", "mlp.down_proj.weight"
#: Columns of one product: its result stays in the processor's cache (on the machine of docs/performance.md 790 GOPS,
#: with 9,728 columns at once 640).
_WIDEST = 2560
_ZERO_POINT = 128


class PrefillLayerWriter:
    """Builds the graph.

    Parameters
    ----------
    graph : GraphBuilder
    shape : Architecture
    norm_epsilon : float
        ``rms_norm_eps``.
    matrices : mapping of str to StoredMatrix
        The decoder's packed weights by name.
    widest : int
        Columns of one product at most.
    """

    def __init__(
        self,
        graph: GraphBuilder,
        shape: Architecture,
        norm_epsilon: float,
        matrices: Mapping[str, StoredMatrix],
        *,
        widest: int = _WIDEST,
    ) -> None:
        self._graph, self._shape, self._epsilon, self._matrices = graph, shape, norm_epsilon, matrices
        self._widest = widest
        self._products: dict[str, dict[str, Any]] = {}

    def write(self, decoder: GraphBuilder) -> bool:
        """Add all nodes, and where ``decoder`` keeps the weights.

        Returns
        -------
        bool
            Whether it was done: not if a layer is packed in another way, with the inputs in an order of their own, say.
        """
        kinds = (_ATTENTION_IN, _ATTENTION_OUT, _FEED_IN, _FEED_OUT)
        names = [f"{TEXT_LAYERS}.{layer}.{kind}" for layer in range(self._shape.layers) for kind in kinds]
        if any(name not in self._matrices or self._matrices[name].ordered for name in names):
            return False
        # Only whole blocks can be split off, whatever their size in a layer.
        self._block = max(self._matrices[name].block for name in names)
        self._add_layer()
        tensors = {
            f"{name}.{part}": decoder.place(f"{name}.{part}")
            for name in names
            for part in ("values", "scales", *(("zero_points",) if self._matrices[name].zero_points else ()))
        }
        for layer in range(self._shape.layers):
            for name in NORMS.values():
                tensors[f"{TEXT_LAYERS}.{layer}.{name}"] = decoder.place(f"{TEXT_LAYERS}.{layer}.{name}")
        self._graph.metadata[METADATA] = json.dumps(
            {
                "layers": TEXT_LAYERS,
                "products": self._products,
                "norms": NORMS,
                "bits": {name: self._matrices[name].bits for name in names},
                "tensors": tensors,
            },
            separators=(",", ":"),
        )
        return True

    def _add_layer(self) -> None:
        graph, shape = self._graph, self._shape
        hidden = graph.input("hidden", np.float32, ["tokens", shape.hidden_size])
        graph.input("deepstack_features", np.float32, ["tokens_or_one", shape.hidden_size])
        for name, width in zip(NORMS, self._norm_widths(), strict=True):
            graph.input(name, np.float32, [width])
        add_place_inputs(graph, shape)
        normed = graph.node("SimplifiedLayerNormalization", hidden, "input_norm", axis=-1, epsilon=self._epsilon)
        attended = self._attention(normed)
        added = self._product("attention_out", self._rounded(attended), _ATTENTION_OUT, (0, shape.hidden_size))
        normed, _, _, hidden = graph.nodes(
            "SkipSimplifiedLayerNormalization",
            *(hidden, added, "feed_forward_norm"),
            domain=MICROSOFT,
            outputs=("", None, None, ""),
            epsilon=self._epsilon,
        )
        hidden = graph.node("Add", hidden, "deepstack_features")
        graph.node("Identity", self._feed_forward(hidden, normed), output="output")
        graph.output("output", np.float32, ["tokens", shape.hidden_size])

    def _norm_widths(self) -> tuple[int, int, int, int]:
        shape = self._shape
        return shape.hidden_size, shape.head_dim, shape.head_dim, shape.hidden_size

    def _attention(self, normed: str) -> str:
        graph, shape = self._graph, self._shape
        rounded = self._rounded(normed)
        widths = [heads * shape.head_dim for heads in (shape.heads, shape.key_value_heads, shape.key_value_heads)]
        values, start = [], 0
        for name, width, norm in zip(("query", "key", "value"), widths, ("query_norm", "key_norm", None), strict=True):
            parts = []
            for number, (first, last) in enumerate(self._parts(width, shape.head_dim)):
                rows = (start + first, start + last)
                part = self._product(f"{name}_{number}", rounded, _ATTENTION_IN, rows)
                heads = graph.node(
                    "Reshape", part, graph.integers(1, -1, (last - first) // shape.head_dim, shape.head_dim)
                )
                if norm is not None:
                    heads = graph.node("SimplifiedLayerNormalization", heads, norm, axis=-1, epsilon=self._epsilon)
                parts.append(heads)
            joined = graph.node("Concat", *parts, axis=2) if len(parts) > 1 else parts[0]
            values.append(graph.node("Reshape", joined, graph.integers(1, -1, width)))
            start += width
        attended = add_attention(graph, shape, 0, *values)
        return graph.node("Reshape", attended, graph.integers(-1, widths[0]))

    def _feed_forward(self, hidden: str, normed: str) -> str:
        """Add the feed-forward's result to ``hidden``, some columns of its middle after others."""
        graph, width = self._graph, self._shape.intermediate_size
        rounded = self._rounded(normed)
        for number, (first, last) in enumerate(self._parts(width, self._block)):
            gate = self._product(f"gate_{number}", rounded, _FEED_IN, (first, last))
            gate = graph.node("QuickGelu", gate, domain=MICROSOFT, alpha=1.0)  # SiLU
            up = self._product(f"up_{number}", rounded, _FEED_IN, (width + first, width + last))
            middle = self._rounded(graph.node("Mul", gate, up))
            rows = (0, self._shape.hidden_size)
            hidden = graph.node("Add", hidden, self._product(f"down_{number}", middle, _FEED_OUT, rows, (first, last)))
        return hidden

    def _parts(self, width: int, step: int) -> list[tuple[int, int]]:
        """Split ``width`` columns into parts of about one size, in multiples of ``step`` but for the last."""
        count = -(-width // self._widest)
        size = -(-width // (count * step)) * step
        return [(first, min(first + size, width)) for first in range(0, width, size)]

    def _rounded(self, source: str) -> tuple[str, str]:
        """Round each row to unsigned 8 bits around 128; return the integers and the rows' scales, (S, 1)."""
        graph = self._graph
        largest = graph.node("ReduceMax", graph.node("Abs", source), graph.integers(1), keepdims=0)
        step = graph.node("Mul", largest, graph.constant("one_127th", np.asarray([1 / 127], dtype=np.float32)))
        step = graph.node("Max", step, graph.constant("smallest", np.asarray([1e-30], dtype=np.float32)))
        zeros = graph.node("Expand", self._zero_point(), graph.node("Shape", step))
        integers = graph.node("QuantizeLinear", source, step, zeros, axis=0)
        return integers, graph.node("Unsqueeze", step, graph.integers(1))

    def _zero_point(self) -> str:
        return self._graph.constant("zero_point", np.asarray(_ZERO_POINT, dtype=np.uint8))

    def _product(
        self,
        name: str,
        source: tuple[str, str],
        matrix: str,
        rows: tuple[int, int],
        columns: tuple[int, int] | None = None,
    ) -> str:
        """Multiply by some rows of a stored matrix, and some of its columns if so many are given."""
        graph, count = self._graph, rows[1] - rows[0]
        stored = self._matrices[f"{TEXT_LAYERS}.0.{matrix}"]
        first, last = columns or (0, stored.inputs)
        self._products[name] = {"matrix": matrix, "rows": rows, "columns": (first, last)}
        padded = first - (first - last) // self._block * self._block
        values = graph.input(f"{name}.values", np.int8, [count, "columns" if padded != last else last - first])
        scales = graph.input(f"{name}.scales", np.float32, [count])
        turned = graph.node("Transpose", values, perm=[1, 0])
        if padded != last:  # a last block that is not full
            turned = graph.node("Slice", turned, graph.integers(0), graph.integers(last - first), graph.integers(0))
        one = graph.constant("one", np.asarray(1, dtype=np.float32))
        integers, steps = source
        made = graph.node("MatMulIntegerToFloat", integers, turned, one, scales, self._zero_point(), domain=MICROSOFT)
        return graph.node("Mul", made, steps)
