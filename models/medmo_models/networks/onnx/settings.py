"""The files of an ONNX artifact, and what the host must know to feed its graphs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import InputError
from medmo_models.specs import Architecture, read_architecture
from medmo_models.strict_json import JsonFields, read_json_object

VISION_NAME = "vision.onnx"
EMBEDDING_NAME = "embedding.onnx"
#: The decoder whose products round activations to int8 (``MatMulNBits`` accuracy level 4), over the same weights as
#: the one that multiplies them in float32.
FAST_DECODER_NAME = "decoder.onnx"
EXACT_DECODER_NAME = "decoder-float32.onnx"
#: The weights of all decoders.
DECODER_WEIGHTS_NAME = "decoder.data"
#: `FAST_DECODER_NAME` for CPUs: 4-bit rows of the head choose the tokens whose logits are computed with the 8-bit rows.
#: Not in every artifact.
SHORTLIST_DECODER_NAME = "decoder-shortlist.onnx"
SHORTLIST_WEIGHTS_NAME = "head-shortlist.data"
#: One layer of the decoder with weights as inputs, for long prompts (see `layerwise`); not in every artifact.
PREFILL_LAYER_NAME = "prefill-layer.onnx"
#: Largest keys and values of a calibrated artifact, from which the scales of an 8-bit KV cache are made.
CACHE_SCALES_NAME = "cache-scales.safetensors"
#: One attention as the decoder has it, without weights: on it a provider is tested (see `attention_check`).
ATTENTION_NAME = "attention.onnx"
_VISION_ROTARY_BASE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class OnnxSettings:
    """What the host computes with.

    Attributes
    ----------
    shape : Architecture
    rotary_base, vision_rotary_base : float
        ``rope_theta`` of text and vision.
    rotary_sections : tuple of int
        Frequencies that turn with time, height and width (``mrope_section``).
    end_tokens : frozenset of int
        Tokens that end an answer.
    """

    shape: Architecture
    rotary_base: float
    vision_rotary_base: float
    rotary_sections: tuple[int, int, int]
    end_tokens: frozenset[int]


def read_settings(directory: Path) -> OnnxSettings:
    """Read them from ``config.json`` (as transformers 5 writes it) and ``generation_config.json``.

    Raises
    ------
    InputError
        If a file or a key is missing or wrongly typed.
    """
    path = directory / "config.json"
    config = JsonFields(read_json_object(path), str(path))
    text, vision = config.fields("text_config"), config.fields("vision_config")
    rope = text.fields("rope_parameters")
    sections = rope.integers("mrope_section")
    if len(sections) != 3:
        rope.fail("mrope_section", "must hold three numbers")
    vision_rope = vision.fields("rope_parameters") if "rope_parameters" in vision else None
    return OnnxSettings(
        shape=read_architecture(read_json_object(path), str(path)),
        rotary_base=rope.number("rope_theta"),
        vision_rotary_base=_VISION_ROTARY_BASE if vision_rope is None else vision_rope.number("rope_theta"),
        rotary_sections=(sections[0], sections[1], sections[2]),
        end_tokens=_end_tokens(directory, text),
    )


def attention_node(layer: int) -> str:
    """Return the name of a layer's attention node, the same in the vision encoder and in the decoder."""
    return f"attention_{layer}"


def attention_nodes(shape: Architecture) -> tuple[str, ...]:
    """Return the names of the attention nodes of all graphs of a model."""
    return tuple(attention_node(layer) for layer in range(max(shape.layers, shape.vision_layers)))


def fast_cpu_decoder(directory: Path) -> str:
    """Return the name of an artifact's fastest decoder on CPUs, of those that round activations to int8."""
    return SHORTLIST_DECODER_NAME if (directory / SHORTLIST_DECODER_NAME).is_file() else FAST_DECODER_NAME


def with_eight_bit_cache(decoder: str) -> str:
    """Return the name of the graph that is ``decoder`` with a KV cache in 8 bits."""
    return decoder.replace(".onnx", "-8-bit-cache.onnx")


def with_sixteen_bit_attention(decoder: str) -> str:
    """Return the name of the graph that is ``decoder`` with attention and KV cache in 16 bits."""
    return decoder.replace(".onnx", "-16-bit-attention.onnx")


def read_cache_scales(directory: Path, shape: Architecture) -> NDArray[np.float32]:
    """Read what the channels of an 8-bit cache are multiplied by.

    Returns
    -------
    ndarray of float32, shape (2 * layers, key/value heads * head_dim)
        Keys and values of each layer in turn.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another model.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = directory / CACHE_SCALES_NAME
    try:
        scales: NDArray[np.float32] = load_file(path)["cache_scales"]
    except (OSError, SafetensorError, KeyError) as error:
        raise InputError(f"{path} is missing or damaged; import or export the artifact again.") from error
    if scales.dtype != np.float32 or scales.shape != (2 * shape.layers, shape.key_value_heads * shape.head_dim):
        raise InputError(f"{path} belongs to another model; import or export the artifact again.")
    return scales


def _end_tokens(directory: Path, text: JsonFields) -> frozenset[int]:
    """Return the generation config's end tokens, else the text config's (as `generate` of transformers does)."""
    path = directory / "generation_config.json"
    fields = JsonFields(read_json_object(path), str(path)) if path.is_file() else text
    if "eos_token_id" not in fields or fields.value("eos_token_id") is None:
        fields = text
    if isinstance(fields.value("eos_token_id"), list):
        return frozenset(fields.integers("eos_token_id"))
    return frozenset({fields.integer("eos_token_id")})
