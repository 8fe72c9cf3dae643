"""The text decoder as one graph: DeepStack, interleaved mRoPE from tables, and a KV cache in shared buffers.

Inputs (S new tokens, T places in the cache, L DeepStack levels, float32 unless said):
``inputs_embeds`` (1, S, hidden); ``deepstack_features`` (L, S or 1, hidden), zero outside of images;
``rotary_cos``, ``rotary_sin`` (T, head_dim / 2), row i for the token at place i, so that the graph needs no
knowledge of images' positions; ``seqlens_k`` (1,) int32, places used after this run less one;
``total_sequence_length`` () int32, places used; ``logits_kept`` (1,) int64; per layer ``past_key_values.N.key`` and
``.value`` (1, key/value heads, T, head_dim), which are also the outputs ``present.N.key`` and ``.value``.
Output: ``logits`` (1, logits_kept, vocabulary) of the last positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from medmo_export.onnx.graph import MICROSOFT, GraphBuilder, WeightFile
from medmo_export.onnx.linear import ROUNDING_BLOCK, LinearWriter, StoredBits, StoredMatrix
from medmo_export.onnx.options import WeightBits
from medmo_export.onnx.shortlist import add_shortlisted_head
from medmo_export.onnx.stored_tensors import StoredTensors
from medmo_models.networks.onnx.settings import attention_node
from medmo_models.specs import Architecture

_PREFIX = "model.language_model"
#: What the names of the layers' weights begin with, before the layer's number.
TEXT_LAYERS = f"{_PREFIX}.layers"
_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class DecoderOptions:
    """What a decoder graph is made of.

    Attributes
    ----------
    weight_bits, head_bits : int
        Bits of the layers (GPTQ layers keep theirs) and of the head.
    accuracy_level : int
        Of ``MatMulNBits``.
    norm_epsilon : float
        ``rms_norm_eps``.
    protected : mapping of str to StoredTensors
        Layers in 8 bits (see `LinearWriter`).
    shortlist : WeightFile, optional
        Where a head in 8 bits that is computed in two steps has its 4-bit rows (see `shortlist`).
    """

    weight_bits: WeightBits
    head_bits: WeightBits
    accuracy_level: int
    norm_epsilon: float
    protected: Mapping[str, StoredTensors] = field(default_factory=dict)
    shortlist: WeightFile | None = None


class DecoderWriter:
    """Builds a decoder graph.

    Parameters
    ----------
    graph : GraphBuilder
    tensors : StoredTensors
    shape : Architecture
    options : DecoderOptions
    """

    def __init__(
        self, graph: GraphBuilder, tensors: StoredTensors, shape: Architecture, options: DecoderOptions
    ) -> None:
        self._graph, self._tensors, self._shape, self._options = graph, tensors, shape, options
        self._linear = LinearWriter(graph, tensors, options.accuracy_level, options.protected)

    @property
    def matrices(self) -> Mapping[str, StoredMatrix]:
        """How the packed weights are stored, by name."""
        return self._linear.matrices

    def write(self) -> StoredBits:
        """Add all nodes; return what the linear layers, without the head, take."""
        graph, shape = self._graph, self._shape
        hidden = graph.input("inputs_embeds", np.float32, [1, "tokens", shape.hidden_size])
        graph.input("deepstack_features", np.float32, [len(shape.deepstack_levels), "tokens_or_one", shape.hidden_size])
        add_place_inputs(graph, shape)
        graph.input("logits_kept", np.int64, [1])
        normed = graph.node(
            "SimplifiedLayerNormalization",
            hidden,
            self._weight(f"{TEXT_LAYERS}.0.input_layernorm.weight"),
            axis=-1,
            epsilon=self._options.norm_epsilon,
        )
        for layer in range(shape.layers):
            hidden, normed = self._layer(layer, hidden, normed)
        layers = StoredBits(self._linear.count.stored, self._linear.count.weights)
        self._head(normed)
        return layers

    def _layer(self, layer: int, hidden: str, normed: str) -> tuple[str, str]:
        """Add one layer; return the residual and the next layer's normalized input."""
        name = f"{TEXT_LAYERS}.{layer}"
        attended = self._linear.product(
            self._attention(layer, normed), [f"{name}.self_attn.o_proj"], self._options.weight_bits
        )
        hidden, normed = self._add_and_normalize(hidden, attended, f"{name}.post_attention_layernorm.weight")
        mixed = self._feed_forward(f"{name}.mlp", normed)
        if layer < len(self._shape.deepstack_levels):
            level = self._graph.node("Gather", "deepstack_features", self._graph.integers(layer), axis=0)
            mixed = self._graph.node("Add", mixed, level)
        last = layer == self._shape.layers - 1
        following = f"{_PREFIX}.norm.weight" if last else f"{TEXT_LAYERS}.{layer + 1}.input_layernorm.weight"
        return self._add_and_normalize(hidden, mixed, following)

    def _attention(self, layer: int, normed: str) -> str:
        graph, shape, name = self._graph, self._shape, f"{TEXT_LAYERS}.{layer}.self_attn"
        packed = self._linear.product(
            normed, [f"{name}.q_proj", f"{name}.k_proj", f"{name}.v_proj"], self._options.weight_bits
        )
        widths = [heads * shape.head_dim for heads in (shape.heads, shape.key_value_heads, shape.key_value_heads)]
        query, key, value = graph.nodes("Split", packed, graph.integers(*widths), outputs=("", "", ""), axis=-1)
        query = self._normalize_heads(query, f"{name}.q_norm.weight", widths[0])
        key = self._normalize_heads(key, f"{name}.k_norm.weight", widths[1])
        return add_attention(graph, shape, layer, query, key, value)

    def _normalize_heads(self, value: str, weight: str, width: int) -> str:
        """Normalize each head by itself; ONNX Runtime's CPU attention has no such prologue of its own."""
        graph = self._graph
        heads = graph.node("Reshape", value, graph.integers(1, -1, width // self._shape.head_dim, self._shape.head_dim))
        normed = graph.node(
            "SimplifiedLayerNormalization", heads, self._weight(weight), axis=-1, epsilon=self._options.norm_epsilon
        )
        return graph.node("Reshape", normed, graph.integers(1, -1, width))

    def _feed_forward(self, name: str, normed: str) -> str:
        graph, width = self._graph, self._shape.intermediate_size
        both = self._linear.product(normed, [f"{name}.gate_proj", f"{name}.up_proj"], self._options.weight_bits)
        gate, up = graph.nodes("Split", both, graph.integers(width, width), outputs=("", ""), axis=-1)
        # QuickGelu is x * sigmoid(alpha x): SiLU for alpha 1, in one kernel.
        gate = graph.node("QuickGelu", gate, domain=MICROSOFT, alpha=1.0)
        return self._linear.product(graph.node("Mul", gate, up), [f"{name}.down_proj"], self._options.weight_bits)

    def _add_and_normalize(self, hidden: str, added: str, weight: str) -> tuple[str, str]:
        normed, _, _, total = self._graph.nodes(
            "SkipSimplifiedLayerNormalization",
            hidden,
            added,
            self._weight(weight),
            domain=MICROSOFT,
            outputs=("", None, None, ""),
            epsilon=self._options.norm_epsilon,
        )
        return total, normed

    def _head(self, normed: str) -> None:
        graph = self._graph
        first = graph.node("Neg", "logits_kept")
        kept = graph.node("Slice", normed, first, graph.integers(_LAST), graph.integers(1))
        layer = f"{_PREFIX}.embed_tokens" if self._shape.tied_head else "lm_head"
        graph.node("Identity", self._logits(kept, layer), output="logits")
        graph.output("logits", np.float32, [1, "kept", self._shape.vocabulary_size])

    def _logits(self, kept: str, layer: str) -> str:
        options = self._options
        if options.shortlist is None:
            return self._linear.product(kept, [layer], options.head_bits)
        coarse = self._linear.packed(layer, 4)
        return add_shortlisted_head(self._graph, kept, f"{layer}.weight", coarse, options.shortlist)

    def _weight(self, name: str) -> str:
        return self._graph.constant(name, self._tensors.float32(name))


def can_shortlist(tensors: StoredTensors, shape: Architecture, head_bits: WeightBits) -> bool:
    """Whether the head can be computed in two steps: it is stored in 8 bits, rounded here, in whole blocks."""
    return head_bits == 8 and "lm_head.qweight" not in tensors and shape.hidden_size % ROUNDING_BLOCK == 0


def add_attention(graph: GraphBuilder, shape: Architecture, layer: int, query: str, key: str, value: str) -> str:
    """Add a layer's attention with its cache as inputs and outputs; return the attended value.

    ``seqlens_k``, ``total_sequence_length`` and the rotary tables are the graph's inputs of that name.
    """
    kinds = ("key", "value")
    caches, presents = ([f"{where}.{layer}.{kind}" for kind in kinds] for where in ("past_key_values", "present"))
    places: list[int | str] = [1, shape.key_value_heads, "capacity", shape.head_dim]
    for cache in caches:
        graph.input(cache, np.float32, places)
    attended = graph.nodes(
        "GroupQueryAttention",
        *(query, key, value, *caches, "seqlens_k", "total_sequence_length", "rotary_cos", "rotary_sin"),
        domain=MICROSOFT,
        outputs=("", *presents),
        name=attention_node(layer),
        num_heads=shape.heads,
        kv_num_heads=shape.key_value_heads,
        do_rotary=1,
        rotary_interleaved=0,
    )
    for present in presents:
        graph.output(present, np.float32, places)
    return attended[0]


def write_attention(graph: GraphBuilder, shape: Architecture) -> None:
    """Add one attention alone: ``query``, ``key`` and ``value`` (1, S, heads * head_dim) give ``attended``."""
    heads = {"query": shape.heads, "key": shape.key_value_heads, "value": shape.key_value_heads}
    inputs = [graph.input(name, np.float32, [1, "tokens", count * shape.head_dim]) for name, count in heads.items()]
    add_place_inputs(graph, shape)
    query, key, value = inputs
    graph.node("Identity", add_attention(graph, shape, 0, query, key, value), output="attended")
    graph.output("attended", np.float32, [1, "tokens", shape.heads * shape.head_dim])


def add_place_inputs(graph: GraphBuilder, shape: Architecture) -> None:
    """Declare the rotary tables and the places used."""
    for table in ("rotary_cos", "rotary_sin"):
        graph.input(table, np.float32, ["capacity", shape.head_dim // 2])
    graph.input("seqlens_k", np.int32, [1])
    graph.input("total_sequence_length", np.int32, [])
