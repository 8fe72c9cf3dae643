"""Decoders whose attention computes in 16 bits, with a KV cache in 16 bits: made from those in 32 bits, for CUDA.

ONNX Runtime's CUDA kernel of ``GroupQueryAttention`` takes 16-bit activations only. All else stays in 32 bits over the
same weight file, so that nothing is stored twice: queries, keys and values are narrowed before the attention, and what
comes out is widened.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from medmo_models.networks.onnx.settings import with_sixteen_bit_attention

_ATTENTION = "GroupQueryAttention"
#: Query, key and value.
_TOKENS = 3


def write_sixteen_bit_attention(directory: Path, decoder: str) -> None:
    """Write beside ``decoder`` the same graph with its attention in float16; caches and rotary tables are float16."""
    model = onnx.load(directory / decoder, load_external_data=False)
    graph = model.graph
    for value in (*graph.input, *graph.output):
        if value.name.startswith(("past_", "present.", "rotary_")):
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type != _ATTENTION:
            nodes.append(node)
            continue
        wide = node.output[0]
        for place in range(_TOKENS):
            narrow = f"{node.name}_narrow_{place}"
            nodes.append(helper.make_node("Cast", [node.input[place]], [narrow], name=narrow, to=TensorProto.FLOAT16))
            node.input[place] = narrow
        node.output[0] = f"{node.name}_attended"
        widened = helper.make_node("Cast", [node.output[0]], [wide], name=f"{node.name}_wide", to=TensorProto.FLOAT)
        nodes += [node, widened]
    del graph.node[:]
    graph.node.extend(nodes)
    (directory / with_sixteen_bit_attention(decoder)).write_bytes(model.SerializeToString())
