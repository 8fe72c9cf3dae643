"""The graphs of an ONNX artifact as OpenVINO models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.openvino.attention import AttentionBuilder
from medmo_models.networks.openvino.library import import_openvino
from medmo_models.networks.openvino.stored_graph import StoredGraph
from medmo_models.networks.openvino.translate import Translator
from medmo_models.specs import Architecture

_CHANNELS = 3


def embedding_table(path: Path) -> NDArray[Any]:
    """Return the embedding of every token, mapped from its file."""
    graph = StoredGraph(path)
    (table,) = (node.inputs[0] for node in graph.nodes() if node.operator == "Gather")
    return graph.weight(table)


def vision_model(path: Path, shape: Architecture, *, eight_bits: bool) -> tuple[Any, StoredGraph]:
    """Return the vision encoder, and what holds the weights that it shares as long as it lives.

    Parameters
    ----------
    path : Path
    shape : Architecture
    eight_bits : bool
        Round its plain weights to 8 bits.
    """
    pixels = _CHANNELS * shape.temporal_patch_size * shape.patch_size**2
    head_dim = shape.vision_hidden_size // shape.vision_heads
    inputs = {
        "pixel_values": _input("pixel_values", np.float32, [-1, pixels]),
        "position_rows": _input("position_rows", np.int64, [-1, 4]),
        "position_weights": _input("position_weights", np.float32, [-1, 4]),
        "rotary_cos": _input("rotary_cos", np.float32, [-1, head_dim // 2]),
        "rotary_sin": _input("rotary_sin", np.float32, [-1, head_dim // 2]),
    }
    attention = AttentionBuilder(head_dim, inputs["rotary_cos"], inputs["rotary_sin"])
    return _model(path, inputs, attention, eight_bits)


def decoder_model(path: Path, shape: Architecture) -> tuple[Any, StoredGraph]:
    """Return the decoder with its state, and what holds the weights that it shares until it is compiled.

    Inputs (S new tokens, T places in the state with them): ``inputs_embeds``, ``deepstack_features`` and
    ``logits_kept`` as in `medmo_export.onnx.decoder`; ``rotary_cos`` and ``rotary_sin`` (S, head_dim / 2); ``mask``
    (1, 1, S, T), added to the scores; ``order`` (1,) int32, zero: the plug-in fuses a state only if it could be that
    of several sequences.
    """
    half = shape.head_dim // 2
    inputs = {
        "inputs_embeds": _input("inputs_embeds", np.float32, [1, -1, shape.hidden_size]),
        "deepstack_features": _input(
            "deepstack_features", np.float32, [len(shape.deepstack_levels), -1, shape.hidden_size]
        ),
        "rotary_cos": _input("rotary_cos", np.float32, [-1, half]),
        "rotary_sin": _input("rotary_sin", np.float32, [-1, half]),
        "mask": _input("mask", np.float32, [1, 1, -1, -1]),
        "order": _input("order", np.int32, [1]),
        "logits_kept": _input("logits_kept", np.int64, [1]),
    }
    attention = AttentionBuilder(
        shape.head_dim, inputs["rotary_cos"], inputs["rotary_sin"], inputs["mask"], inputs["order"]
    )
    return _model(path, inputs, attention)


def _model(
    path: Path, inputs: dict[str, Any], attention: AttentionBuilder, eight_bits: bool = False
) -> tuple[Any, StoredGraph]:
    graph = StoredGraph(path)
    outputs = Translator(graph, inputs, attention, eight_bits=eight_bits).outputs()
    return import_openvino().Model(outputs, attention.assignments, list(inputs.values()), path.stem), graph


def _input(name: str, dtype: type[np.generic], shape: Sequence[int]) -> Any:
    import_openvino()
    from openvino import opset15

    parameter = opset15.parameter(list(shape), dtype, name=name)
    parameter.output(0).set_names({name})
    return parameter
