"""Small files in the real formats: checkpoints that torch has not touched."""

from __future__ import annotations

import copy
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from medmo_models.artifact import Artifact, ManifestFacts, Source, create_artifact

#: The config.json of the embedded model's shape, as transformers 5 writes it, less what nothing here reads.
TINY_CONFIG: dict[str, Any] = {
    "architectures": ["Qwen3VLForConditionalGeneration"],
    "model_type": "qwen3_vl",
    "dtype": "bfloat16",
    "tie_word_embeddings": True,
    "text_config": {
        "model_type": "qwen3_vl_text",
        "hidden_size": 256,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "intermediate_size": 512,
        "vocab_size": 8192,
    },
    "vision_config": {
        "model_type": "qwen3_vl_vision",
        "depth": 4,
        "hidden_size": 192,
        "num_heads": 3,
        "intermediate_size": 512,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [1, 2],
        "patch_size": 16,
        "temporal_patch_size": 2,
        "spatial_merge_size": 2,
    },
}
GPTQ_CONFIG = {"quant_method": "gptq", "bits": 4, "group_size": 64, "sym": True, "desc_act": False}
BNB_CONFIG = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}

_ITEM_BYTES = {"BF16": 2, "F16": 2, "F32": 4, "I32": 4, "U8": 1, "F8_E4M3": 1}
LINEAR = "model.language_model.layers.0.mlp.down_proj"
REST = {
    "model.language_model.embed_tokens.weight": ("BF16", (8192, 256)),
    "model.language_model.layers.0.input_layernorm.weight": ("BF16", (256,)),
    "model.visual.blocks.0.attn.qkv.weight": ("BF16", (576, 192)),
}
#: One linear layer of 512 inputs and 256 outputs, in each layout.
FULL = {f"{LINEAR}.weight": ("BF16", (256, 512))}
GPTQ = {
    f"{LINEAR}.qweight": ("I32", (64, 256)),
    f"{LINEAR}.qzeros": ("I32", (8, 32)),
    f"{LINEAR}.scales": ("F16", (8, 256)),
    f"{LINEAR}.g_idx": ("I32", (512,)),
}
BNB = {
    f"{LINEAR}.weight": ("U8", (65536, 1)),
    f"{LINEAR}.weight.absmax": ("U8", (2048,)),
    f"{LINEAR}.weight.quant_map": ("F32", (16,)),
    f"{LINEAR}.weight.nested_absmax": ("F32", (8,)),
    f"{LINEAR}.weight.nested_quant_map": ("F32", (256,)),
    f"{LINEAR}.weight.quant_state.bitsandbytes__nf4": ("U8", (100,)),
}


def write_safetensors(path: Path, tensors: dict[str, tuple[str, tuple[int, ...]]], seed: int = 0) -> None:
    """Write tensors of random bytes, given as data type and shape.

    By the format's specification (safetensors README, Format): the library's own writer wants numpy's or
    torch's types, which lack bfloat16 or need torch.
    """
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * _ITEM_BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + np.random.default_rng(seed).bytes(end))


def write_checkpoint(
    folder: Path,
    linear: dict[str, tuple[str, tuple[int, ...]]] = FULL,
    quantization: dict[str, Any] | None = None,
    seed: int = 0,
) -> Path:
    """Write a plain Hugging Face checkpoint of the embedded model's shape (4.7 MB) and return its folder."""
    folder.mkdir(parents=True)
    config = copy.deepcopy(TINY_CONFIG)
    if quantization is not None:
        config["quantization_config"] = quantization
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    write_safetensors(folder / "model.safetensors", {**linear, **REST}, seed)
    return folder


def tiny_facts(**changes: Any) -> ManifestFacts:
    """Return the facts of a full-precision artifact of the embedded model's shape."""
    facts: dict[str, Any] = {
        "spec_id": "medmo-tiny",
        "coordinate_space": "relative-1000",
        "method": "bf16",
        "bits": 16,
        "high_precision": {},
        "bits_per_weight": 16.0,
        "source": Source("tiny", "0" * 64),
        "tools": {"medmo-edge": "0.1.0"},
    }
    return ManifestFacts(**{**facts, **changes})


def make_artifact(folder: Path, seed: int = 0, *, overwrite: bool = False) -> Artifact:
    """Make an artifact the way an export does."""
    with create_artifact(folder, overwrite=overwrite) as writer:
        (writer.path / "config.json").write_text(json.dumps(TINY_CONFIG))
        write_safetensors(writer.path / "model.safetensors", {**FULL, **REST}, seed)
        return writer.finish(tiny_facts())


def set_old_times(folder: Path) -> None:
    """Date every file back a day: a hash is only remembered once a file's time has settled."""
    for path in folder.rglob("*"):
        before = path.stat()
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - 86_400 * 10**9))


def flip_byte(path: Path, *, keep_time: bool) -> None:
    """Damage the middle of a file without changing its size, and its time only on demand."""
    before = path.stat()
    with path.open("rb+") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)[0]
        file.seek(before.st_size // 2)
        file.write(bytes([byte ^ 1]))
    later = 0 if keep_time else 10**9
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + later))
