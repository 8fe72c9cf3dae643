"""Decoders with a KV cache in 8 bits: made from those with one in 32 bits, and from the largest keys and values seen.

ONNX Runtime's ``GroupQueryAttention`` keeps int8 with one scale per channel that does not change while a cache grows,
so the scales have to be known before the first token: those to begin with are measured on calibration samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from medmo_export.calibration import CalibrationSample
from medmo_models.networks.onnx.eight_bit_cache import channel_ranges, scales_for
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.settings import CACHE_SCALES_NAME, with_eight_bit_cache

_ATTENTION = "GroupQueryAttention"
#: Inputs of the attention up to the rotary tables; positions, a bias and sinks follow, which it does without.
_USUAL_INPUTS = 9


def write_eight_bit_cache(directory: Path, decoder: str) -> None:
    """Write beside ``decoder`` the same graph with an int8 KV cache, over the same weights.

    The graph has one input more: ``cache_scales`` (2 * layers, key/value heads * head_dim), what the channels of each
    layer's keys, then of its values, are multiplied by.
    """
    model = onnx.load(directory / decoder, load_external_data=False)
    graph = model.graph
    caches = [value for value in (*graph.input, *graph.output) if value.name.startswith(("past_", "present."))]
    for cache in caches:
        cache.type.tensor_type.elem_type = TensorProto.INT8
    attentions = [node for node in graph.node if node.op_type == _ATTENTION]
    heads, _, size = (place.dim_value for place in caches[0].type.tensor_type.shape.dim[1:])
    graph.input.append(
        helper.make_tensor_value_info("cache_scales", TensorProto.FLOAT, [2 * len(attentions), heads * size])
    )
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == _ATTENTION:
            nodes += _scale_rows(graph, attentions.index(node), node)
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    (directory / with_eight_bit_cache(decoder)).write_bytes(model.SerializeToString())


def _scale_rows(graph: onnx.GraphProto, layer: int, attention: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Give an attention its scales; return the nodes that take them out of the input."""
    if len(attention.input) != _USUAL_INPUTS:
        raise ValueError(f"{attention.name} has {len(attention.input)} inputs")
    rows, names = [], []
    for offset, kind in enumerate(("key", "value")):
        row, name = f"row_of_{kind}_scales_{layer}", f"{kind}_scales_{layer}"
        graph.initializer.append(helper.make_tensor(row, TensorProto.INT64, [], [2 * layer + offset]))
        rows.append(helper.make_node("Gather", ["cache_scales", row], [name], name=f"take_{name}", axis=0))
        names.append(name)
    attention.input.extend(["", "", "", *names])
    attention.attribute.append(helper.make_attribute("kv_cache_bit_width", 8))
    attention.attribute.extend(helper.make_attribute(f"{kind}_quant_type", "PER_CHANNEL") for kind in "kv")
    return rows


def calibrate_cache(directory: Path, samples: Sequence[CalibrationSample]) -> None:
    """Run an artifact's exact decoder on samples, and write the scales that its cache in 8 bits begins with."""
    from safetensors.numpy import save_file

    from medmo_models.preprocessing import PromptPreparer
    from medmo_models.specs import spec_for_config
    from medmo_models.strict_json import read_json_object

    spec = spec_for_config(read_json_object(directory / "config.json"))
    preparer = PromptPreparer(directory, spec.default_max_pixels)
    network = OnnxNetwork(directory)
    largest: NDArray[np.float32] | None = None
    for sample in samples:
        prompt = preparer.prepare(sample.turns, add_generation_prompt=False)
        images = [network.encode_image(pixels, grid) for pixels, grid in prompt.each_image()]
        cache = network.new_cache(len(prompt.input_ids))
        network.run(network.encode_prompt(prompt, images), cache)
        seen = np.stack([channel_ranges(values[0], rotated=row % 2 == 0) for row, values in enumerate(cache.values)])
        largest = seen if largest is None else np.maximum(largest, seen)
    if largest is None:
        raise ValueError("no samples")
    save_file({"cache_scales": scales_for(largest)}, directory / CACHE_SCALES_NAME)
