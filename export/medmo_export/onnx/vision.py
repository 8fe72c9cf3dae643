"""The vision encoder as one graph for one image of any size, with its DeepStack levels.

Inputs (P patches, float32): ``pixel_values`` (P, channels * 2 * 16 * 16); ``position_rows`` (P, 4) int64 and
``position_weights`` (P, 4), the rows of the learned position table around a patch and their bilinear weights;
``rotary_cos``, ``rotary_sin`` (P, head_dim / 2). Outputs: ``image_features`` (P / 4, hidden of the text model) and
``deepstack_features`` (levels, P / 4, hidden of the text model).
"""

from __future__ import annotations

import numpy as np

from medmo_export.onnx.graph import MICROSOFT, GraphBuilder
from medmo_export.onnx.linear import LinearWriter
from medmo_export.onnx.options import WeightBits
from medmo_export.onnx.stored_tensors import StoredTensors
from medmo_models.networks.onnx.settings import attention_node
from medmo_models.specs import Architecture

_PREFIX = "model.visual"
_CHANNELS = 3
_EPSILON = 1e-6


class VisionWriter:
    """Builds a vision graph.

    Parameters
    ----------
    graph : GraphBuilder
    tensors : StoredTensors
    shape : Architecture
    text_hidden_size : int
        Width of the outputs.
    weight_bits : {8, 16, 32}
        Of the linear layers.
    activation : str
        ``hidden_act`` of the vision configuration: ``gelu_pytorch_tanh`` or ``gelu``.
    """

    def __init__(
        self,
        graph: GraphBuilder,
        tensors: StoredTensors,
        shape: Architecture,
        weight_bits: WeightBits,
        activation: str,
        accuracy_level: int,
    ) -> None:
        self._graph, self._tensors, self._shape, self._bits = graph, tensors, shape, weight_bits
        self._approximation = "tanh" if activation == "gelu_pytorch_tanh" else "none"
        self._linear = LinearWriter(graph, tensors, accuracy_level)

    def write(self) -> None:
        """Add all nodes."""
        graph, shape = self._graph, self._shape
        pixels = _CHANNELS * shape.temporal_patch_size * shape.patch_size**2
        graph.input("pixel_values", np.float32, ["patches", pixels])
        graph.input("position_rows", np.int64, ["patches", 4])
        graph.input("position_weights", np.float32, ["patches", 4])
        half = shape.vision_hidden_size // shape.vision_heads // 2
        graph.input("rotary_cos", np.float32, ["patches", half])
        graph.input("rotary_sin", np.float32, ["patches", half])
        hidden = graph.node("Add", self._patches(), self._positions())
        order = self._patch_numbers()
        levels = []
        for block in range(shape.vision_layers):
            hidden = self._block(block, hidden, order)
            if block in shape.deepstack_levels:
                merger = f"{_PREFIX}.deepstack_merger_list.{shape.deepstack_levels.index(block)}"
                merged = self._merge(merger, hidden, normalize_merged=True)
                levels.append(graph.node("Unsqueeze", merged, graph.integers(0)))
        features = self._merge(f"{_PREFIX}.merger", hidden, normalize_merged=False)
        graph.node("Identity", features, output="image_features")
        graph.output("image_features", np.float32, ["image_tokens", shape.hidden_size])
        graph.node("Concat", *levels, output="deepstack_features", axis=0)
        graph.output("deepstack_features", np.float32, [len(levels), "image_tokens", shape.hidden_size])

    def _patches(self) -> str:
        layer = f"{_PREFIX}.patch_embed.proj"
        return self._linear.with_bias(self._linear.product("pixel_values", [layer], max(self._bits, 16)), layer)

    def _positions(self) -> str:
        graph, name = self._graph, f"{_PREFIX}.pos_embed.weight"
        rows = graph.node("Gather", graph.constant(name, self._tensors.float32(name)), "position_rows", axis=0)
        weights = graph.node("Unsqueeze", "position_weights", graph.integers(2))
        return graph.node("ReduceSum", graph.node("Mul", rows, weights), graph.integers(1), keepdims=0)

    def _patch_numbers(self) -> str:
        """Return 0, 1, 2, ... of shape (1, patches): each patch has its own row of the rotary tables."""
        graph = self._graph
        count = graph.node("Gather", graph.node("Shape", "pixel_values"), graph.integers(0), axis=0)
        scalar = graph.node("Squeeze", count)
        zero = graph.constant("zero", np.asarray(0, dtype=np.int64))
        one = graph.constant("one", np.asarray(1, dtype=np.int64))
        return graph.node("Unsqueeze", graph.node("Range", zero, scalar, one), graph.integers(0))

    def _block(self, block: int, hidden: str, order: str) -> str:
        graph, name = self._graph, f"{_PREFIX}.blocks.{block}"
        normed = self._normalize(hidden, f"{name}.norm1")
        attended = self._product(self._attention(block, normed, order), f"{name}.attn.proj")
        hidden = graph.node("Add", hidden, attended)
        wide = self._product(self._normalize(hidden, f"{name}.norm2"), f"{name}.mlp.linear_fc1")
        wide = graph.node("Gelu", wide, approximate=self._approximation)
        return graph.node("Add", hidden, self._product(wide, f"{name}.mlp.linear_fc2"))

    def _attention(self, block: int, normed: str, order: str) -> str:
        graph, width = self._graph, self._shape.vision_hidden_size
        packed = self._product(normed, f"{_PREFIX}.blocks.{block}.attn.qkv")
        joined = graph.node("Unsqueeze", packed, graph.integers(0))
        query, key, value = graph.nodes(
            "Split", joined, graph.integers(width, width, width), outputs=("", "", ""), axis=-1
        )
        turned = [
            graph.node(
                "RotaryEmbedding",
                part,
                order,
                "rotary_cos",
                "rotary_sin",
                domain=MICROSOFT,
                num_heads=self._shape.vision_heads,
            )
            for part in (query, key)
        ]
        attended = graph.node(
            "MultiHeadAttention",
            *turned,
            value,
            domain=MICROSOFT,
            name=attention_node(block),
            num_heads=self._shape.vision_heads,
        )
        return graph.node("Squeeze", attended, graph.integers(0))

    def _merge(self, name: str, hidden: str, *, normalize_merged: bool) -> str:
        """Join four patches to one image token; DeepStack's mergers normalize the joined ones."""
        graph = self._graph
        width = self._shape.vision_hidden_size * self._shape.spatial_merge_size**2
        if not normalize_merged:
            hidden = self._normalize(hidden, f"{name}.norm")
        joined = graph.node("Reshape", hidden, graph.integers(-1, width))
        if normalize_merged:
            joined = self._normalize(joined, f"{name}.norm")
        wide = graph.node("Gelu", self._product(joined, f"{name}.linear_fc1"))
        return self._product(wide, f"{name}.linear_fc2")

    def _product(self, source: str, layer: str) -> str:
        return self._linear.with_bias(self._linear.product(source, [layer], self._bits), layer)

    def _normalize(self, hidden: str, name: str) -> str:
        weight, bias = (
            self._graph.constant(f"{name}.{part}", self._tensors.float32(f"{name}.{part}"))
            for part in ("weight", "bias")
        )
        return self._graph.node("LayerNormalization", hidden, weight, bias, axis=-1, epsilon=_EPSILON)
