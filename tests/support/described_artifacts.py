"""MedMO-4B and 8B in every format, described by the sizes of their tensors: real headers, and no weights."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

from medmo_models.artifact import Artifact, Manifest, Method
from medmo_models.artifact.manifest import FileEntry
from medmo_models.specs import ModelSpec
from support.model_files import tiny_facts

Tensors = dict[str, tuple[str, tuple[int, ...]]]
_GROUP = 128
_BITS = {"bf16": 16, "gptq": 4, "bnb-nf4": 4, "onnx-int4": 4}
#: One layer's scales and zeros of bitsandbytes: a byte for 64 weights, and a second round of scales over 256 of those.
_NF4_BLOCK, _NF4_NESTED = 64, 256


def described_artifact(folder: Path, spec: ModelSpec, method: Method) -> Artifact:
    """Return an artifact whose files have the size and the headers of a true one; on disk they are holes."""
    folder.mkdir(parents=True)
    if method == "onnx-int4":
        files = _onnx_files(spec)
    else:
        files = {"model.safetensors": _write_holes(folder / "model.safetensors", _tensors(spec, method))}
    facts = tiny_facts(spec_id=spec.id, method=method, bits=_BITS[method], source=_source(spec))
    entries = {name: FileEntry(size, "0" * 64) for name, size in files.items()}
    return Artifact(folder, Manifest(**vars(facts), files=entries, created="2026-01-01"), spec)


def _source(spec: ModelSpec) -> object:
    facts = tiny_facts()
    return type(facts.source)(spec.title, "0" * 64)


def _write_holes(path: Path, tensors: Tensors) -> int:
    sizes = {"BF16": 2, "F16": 2, "F32": 4, "I32": 4, "U8": 1}
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * sizes[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    size = 8 + len(text) + end
    os.truncate(path, size)
    return size


def _linear_shapes(spec: ModelSpec) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of a text layer's products (transformers ``Qwen3VLTextDecoderLayer``)."""
    shape = spec.architecture
    queries, keys = shape.heads * shape.head_dim, shape.key_value_heads * shape.head_dim
    return {
        "self_attn.q_proj": (shape.hidden_size, queries),
        "self_attn.k_proj": (shape.hidden_size, keys),
        "self_attn.v_proj": (shape.hidden_size, keys),
        "self_attn.o_proj": (queries, shape.hidden_size),
        "mlp.gate_proj": (shape.hidden_size, shape.intermediate_size),
        "mlp.up_proj": (shape.hidden_size, shape.intermediate_size),
        "mlp.down_proj": (shape.intermediate_size, shape.hidden_size),
    }


def _tensors(spec: ModelSpec, method: Method) -> Tensors:
    shape = spec.architecture
    tensors: Tensors = {
        "model.language_model.embed_tokens.weight": ("BF16", (shape.vocabulary_size, shape.hidden_size)),
        "model.visual.weights": ("BF16", (_vision_weights(spec),)),
    }
    if not shape.tied_head:
        tensors["lm_head.weight"] = ("BF16", (shape.vocabulary_size, shape.hidden_size))
    for layer in range(shape.layers):
        for name, (inputs, outputs) in _linear_shapes(spec).items():
            tensors |= _stored(f"model.language_model.layers.{layer}.{name}", inputs, outputs, method)
    return tensors


def _stored(name: str, inputs: int, outputs: int, method: Method) -> Tensors:
    if method == "gptq":
        return {
            f"{name}.qweight": ("I32", (inputs // 8, outputs)),
            f"{name}.qzeros": ("I32", (inputs // _GROUP, outputs // 8)),
            f"{name}.scales": ("F16", (inputs // _GROUP, outputs)),
            f"{name}.g_idx": ("I32", (inputs,)),
        }
    if method == "bnb-nf4":
        blocks = inputs * outputs // _NF4_BLOCK
        return {
            f"{name}.weight": ("U8", (inputs * outputs // 2, 1)),
            f"{name}.weight.absmax": ("U8", (blocks,)),
            f"{name}.weight.nested_absmax": ("F32", (blocks // _NF4_NESTED,)),
        }
    return {f"{name}.weight": ("BF16", (outputs, inputs))}


def _vision_weights(spec: ModelSpec) -> int:
    """Weights of the vision encoder and its mergers, without biases and norms (transformers ``Qwen3VLVisionModel``)."""
    shape = spec.architecture
    width, merged = shape.vision_hidden_size, shape.vision_hidden_size * shape.spatial_merge_size**2
    block = 4 * width**2 + 2 * width * shape.vision_intermediate_size
    merger = merged**2 + merged * shape.hidden_size
    patches = 3 * shape.temporal_patch_size * shape.patch_size**2 * width
    levels = 1 + len(shape.deepstack_levels)
    return shape.vision_layers * block + levels * merger + patches + shape.vision_position_embeddings * width


def _onnx_files(spec: ModelSpec) -> dict[str, int]:
    """Four bits and a float32 scale for 128 weights, a head of 8 bits, the rest in 16 bits: the export's defaults."""
    shape = spec.architecture
    layers = shape.layers * sum(inputs * outputs for inputs, outputs in _linear_shapes(spec).values())
    embedding = shape.vocabulary_size * shape.hidden_size
    scales = 4 / _GROUP
    return {
        "decoder.data": int(layers * (0.5 + scales) + embedding * (1 + scales)),
        "head-shortlist.data": int(embedding * (0.5 + scales)),
        "prefill-layer.onnx": 0,
        "cache-scales.safetensors": 0,
        "embedding.data": 2 * embedding,
        "vision.data": 2 * _vision_weights(spec),
    }
