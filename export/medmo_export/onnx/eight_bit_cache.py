"""Decoders with a KV cache in 8 bits: made from those with one in 32 bits, and from the largest keys and values seen.

ONNX Runtime's ``GroupQueryAttention`` keeps int8 with scales that do not change while a cache grows, so they have to be
known before the first token: those to begin with are measured on calibration samples, one for each channel.
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
_ONE = "scale_of_the_cache"
#: Inputs of the attention up to the rotary tables; positions, a bias and sinks follow, which it does without.
_USUAL_INPUTS = 9


def write_eight_bit_cache(directory: Path, decoder: str) -> None:
    """Write beside ``decoder`` the same graph with an int8 KV cache, over the same weights.

    The graph has one input more: ``cache_scales`` (2 * layers, key/value heads * head_dim), what the channels of each
    layer's keys, then of its values, are multiplied by. The attention itself is told a scale of 1, for which ONNX
    Runtime has the faster kernel: queries are multiplied by the scales before it, keys and values divided, and what it
    returns multiplied. That is the same, because the two channels that turn with each other have one scale.
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
    graph.initializer.append(helper.make_tensor(_ONE, TensorProto.FLOAT, [1], [1.0]))
    nodes = _spread_scales(graph, attentions, heads, size)
    for node in graph.node:
        nodes += _scaled(attentions.index(node), node) if node.op_type == _ATTENTION else [node]
    del graph.node[:]
    graph.node.extend(nodes)
    (directory / with_eight_bit_cache(decoder)).write_bytes(model.SerializeToString())


def _spread_scales(
    graph: onnx.GraphProto, attentions: Sequence[onnx.NodeProto], heads: int, size: int
) -> list[onnx.NodeProto]:
    """Make rows of factors: ``times_N`` for the channels of all query heads, ``over_N`` for those of keys or values."""
    count = 2 * len(attentions)
    queries = next(entry.i for entry in attentions[0].attribute if entry.name == "num_heads")
    shapes = {
        "by_head": [count, heads, 1, size],
        "repeated": [count, heads, queries // heads, size],
        "flat": [count, -1],
    }
    for name, shape in shapes.items():
        graph.initializer.append(helper.make_tensor(f"scales_{name}", TensorProto.INT64, [len(shape)], shape))

    def node(operator: str, inputs: list[str], outputs: list[str], **attributes: int) -> onnx.NodeProto:
        return helper.make_node(operator, inputs, outputs, name=f"cache_scales_{outputs[0]}", **attributes)

    return [
        node("Reciprocal", ["cache_scales"], ["over"]),
        node("Split", ["over"], [f"over_{row}" for row in range(count)], axis=0, num_outputs=count),
        node("Reshape", ["cache_scales", "scales_by_head"], ["scales_of_heads"]),
        node("Expand", ["scales_of_heads", "scales_repeated"], ["scales_of_queries"]),
        node("Reshape", ["scales_of_queries", "scales_flat"], ["times"]),
        node("Split", ["times"], [f"times_{row}" for row in range(count)], axis=0, num_outputs=count),
    ]


def _scaled(layer: int, attention: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return an attention over an int8 cache with the products around it."""
    if len(attention.input) != _USUAL_INPUTS:
        raise ValueError(f"{attention.name} has {len(attention.input)} inputs")
    factors = (f"times_{2 * layer}", f"over_{2 * layer}", f"over_{2 * layer + 1}")
    before = []
    for place, factor in enumerate(factors):
        scaled = f"{attention.name}_scaled_{place}"
        before.append(helper.make_node("Mul", [attention.input[place], factor], [scaled], name=scaled))
        attention.input[place] = scaled
    attended, attention.output[0] = attention.output[0], f"{attention.name}_unscaled"
    after = helper.make_node(
        "Mul", [attention.output[0], f"times_{2 * layer + 1}"], [attended], name=f"{attention.name}_scaled"
    )
    attention.input.extend(["", "", "", _ONE, _ONE])
    attention.attribute.append(helper.make_attribute("kv_cache_bit_width", 8))
    attention.attribute.extend(helper.make_attribute(f"{kind}_quant_type", "PER_TENSOR") for kind in "kv")
    return [*before, attention, after]


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
