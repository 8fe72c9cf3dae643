"""Writes the graphs of an ONNX artifact: vision, embedding, and the decoder in two accuracies over one weight file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medmo_export.onnx.decoder import DecoderOptions, DecoderWriter, can_shortlist, write_attention
from medmo_export.onnx.graph import GraphBuilder, WeightFile
from medmo_export.onnx.linear import StoredBits
from medmo_export.onnx.options import OnnxOptions, WeightBits
from medmo_export.onnx.prefill_layer import PrefillLayerWriter
from medmo_export.onnx.stored_tensors import StoredTensors
from medmo_export.onnx.vision import VisionWriter
from medmo_export.recipe import PROTECTED_REASON
from medmo_models.errors import InputError
from medmo_models.networks.onnx.settings import (
    ATTENTION_NAME,
    DECODER_WEIGHTS_NAME,
    EMBEDDING_NAME,
    EXACT_DECODER_NAME,
    FAST_DECODER_NAME,
    PREFILL_LAYER_NAME,
    SHORTLIST_DECODER_NAME,
    SHORTLIST_WEIGHTS_NAME,
    VISION_NAME,
)
from medmo_models.specs import read_architecture
from medmo_models.strict_json import JsonFields, read_json_object

_INT8_ACTIVATIONS, _FLOAT_ACTIVATIONS = 4, 1
_LARGEST_FLOAT16 = 65504.0


@dataclass(frozen=True)
class Protected:
    """Layers that a recipe protects, and the full-precision checkpoint that holds them."""

    layers: frozenset[str]
    checkpoint: Path


def write_onnx(
    checkpoint: Path,
    destination: Path,
    text_bits: WeightBits,
    options: OnnxOptions,
    progress: Callable[[str, int, int], None] | None = None,
    protected: Protected | None = None,
) -> StoredBits:
    """Write the graphs of a full-precision checkpoint or a GPTQ artifact into ``destination``.

    Parameters
    ----------
    checkpoint, destination : Path
        Folders.
    text_bits : {4, 32}
        Of the text layers of a full-precision checkpoint, which 4 rounds to nearest; GPTQ layers keep theirs.
    options : OnnxOptions
    progress : callable, optional
    protected : Protected, optional
        Layers that get 8 bits instead of 4.

    Returns
    -------
    StoredBits
        Of the text model's linear layers.

    Raises
    ------
    InputError
        If a tensor is missing or cannot be stored as asked.
    """
    report = progress or (lambda _phase, _done, _total: None)
    tensors = StoredTensors(sorted(checkpoint.glob("*.safetensors")))
    report("writing the vision encoder", 0, 3)
    _write_vision(checkpoint, tensors, destination, options)
    report("writing the embedding", 1, 3)
    _write_embedding(checkpoint, tensors, destination, options)
    report("writing the decoder", 2, 3)
    return _write_decoders(checkpoint, tensors, destination, text_bits, options, _protected(protected))


def _protected(protected: Protected | None) -> dict[str, StoredTensors]:
    """Return the tensors of each protected layer.

    Raises
    ------
    InputError
        If the checkpoint has no layer of that name.
    """
    if protected is None:
        return {}
    tensors = StoredTensors(sorted(protected.checkpoint.glob("*.safetensors")))
    for layer in sorted(protected.layers):
        if f"{layer}.weight" not in tensors:
            raise InputError(f"The recipe names {layer}, which is not a layer of this model.")
    return dict.fromkeys(protected.layers, tensors)


def kept_in_higher_precision(options: OnnxOptions, protected: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return each part that has more than 4 bits, and why."""
    parts = {
        "model.visual": (options.vision_bits, "vision features lose accuracy in 4 bits, and the encoder is small"),
        "embedding": (options.embedding_bits, "only the rows of the prompt's tokens are read"),
        "lm_head": (options.head_bits, "sensitive: its errors reach the answer directly"),
    }
    kept = {name: f"{bits} bits: {why}" for name, (bits, why) in parts.items() if bits > 4}
    return {**kept, **dict.fromkeys(sorted(protected), PROTECTED_REASON)}


def _config(checkpoint: Path) -> JsonFields:
    path = checkpoint / "config.json"
    return JsonFields(read_json_object(path), str(path))


def _write_vision(checkpoint: Path, tensors: StoredTensors, destination: Path, options: OnnxOptions) -> None:
    vision = _config(checkpoint).fields("vision_config")
    activation = vision.choice("hidden_act", ("gelu_pytorch_tanh", "gelu"))
    shape = read_architecture(read_json_object(checkpoint / "config.json"))
    weights = WeightFile(destination / "vision.data")
    graph = GraphBuilder("vision", weights)
    VisionWriter(graph, tensors, shape, options.vision_bits, activation, _INT8_ACTIVATIONS).write()
    weights.close()
    graph.save(destination / VISION_NAME)


def _write_embedding(checkpoint: Path, tensors: StoredTensors, destination: Path, options: OnnxOptions) -> None:
    shape = read_architecture(read_json_object(checkpoint / "config.json"))
    name = "model.language_model.embed_tokens.weight"
    table = tensors.float32(name)
    if options.embedding_bits == 16:
        if np.abs(table).max() > _LARGEST_FLOAT16:
            raise InputError(f"{name} has values too large for 16 bits; export with --embedding-bits 32.")
        table = table.astype(np.float16)
    weights = WeightFile(destination / "embedding.data")
    graph = GraphBuilder("embedding", weights)
    rows = graph.node("Gather", graph.constant(name, table), graph.input("input_ids", np.int64, ["length"]), axis=0)
    graph.node("Unsqueeze", graph.node("Cast", rows, to=1), graph.integers(0), output="inputs_embeds")
    graph.output("inputs_embeds", np.float32, [1, "length", shape.hidden_size])
    weights.close()
    graph.save(destination / EMBEDDING_NAME)


def _write_decoders(
    checkpoint: Path,
    tensors: StoredTensors,
    destination: Path,
    text_bits: WeightBits,
    options: OnnxOptions,
    protected: Mapping[str, StoredTensors],
) -> StoredBits:
    shape = read_architecture(read_json_object(checkpoint / "config.json"))
    epsilon = _config(checkpoint).fields("text_config").number("rms_norm_eps")
    weights = WeightFile(destination / DECODER_WEIGHTS_NAME)
    stored = StoredBits()
    graphs: dict[str, tuple[int, WeightFile | None]] = {EXACT_DECODER_NAME: (_FLOAT_ACTIVATIONS, None)}
    if text_bits == 4:
        graphs[FAST_DECODER_NAME] = (_INT8_ACTIVATIONS, None)
    if text_bits == 4 and can_shortlist(tensors, shape, options.head_bits):
        graphs[SHORTLIST_DECODER_NAME] = (_INT8_ACTIVATIONS, WeightFile(destination / SHORTLIST_WEIGHTS_NAME))
    for name, (level, shortlist) in graphs.items():
        graph = GraphBuilder("decoder", weights)
        settings = DecoderOptions(text_bits, options.head_bits, level, epsilon, protected, shortlist)
        writer = DecoderWriter(graph, tensors, shape, settings)
        stored = writer.write()
        graph.save(destination / name)
        if shortlist is not None:
            shortlist.close()
        if name == FAST_DECODER_NAME:
            layer = GraphBuilder("prefill_layer", weights)
            if PrefillLayerWriter(layer, shape, epsilon, writer.matrices).write(graph):
                layer.save(destination / PREFILL_LAYER_NAME)
    attention = GraphBuilder("attention", weights)
    write_attention(attention, shape)
    attention.save(destination / ATTENTION_NAME)
    weights.close()
    return stored
