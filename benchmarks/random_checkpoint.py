"""Writes a checkpoint of the true MedMO-4B or 8B shape with random weights, for measurements of size and speed.

``python benchmarks/random_checkpoint.py medmo-4b OUT`` takes the tokenizer and the processor of the embedded model: its
answers mean nothing, but every tensor has its true shape and type. ``--layers 4`` leaves out the other decoder layers,
for measurements of what works on one layer at a time.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from medmo_models.library import embedded_model_path
from medmo_models.specs import MEDMO_4B, MEDMO_8B, ModelSpec

_SHARD_BYTES = 2 * 10**9
_COMPANIONS = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")


def make_config(spec: ModelSpec) -> Qwen3VLConfig:
    """Return the configuration of a spec, with the embedded model's special tokens."""
    shape = spec.architecture
    own = json.loads((embedded_model_path() / "config.json").read_text(encoding="utf-8"))
    text = {
        **own["text_config"],
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_value_heads,
        "head_dim": shape.head_dim,
        "intermediate_size": shape.intermediate_size,
        "vocab_size": shape.vocabulary_size,
        "tie_word_embeddings": shape.tied_head,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 5_000_000.0,
            "mrope_section": [24, 20, 20],
            "mrope_interleaved": True,
        },
    }
    vision = {
        **own["vision_config"],
        "hidden_size": shape.vision_hidden_size,
        "depth": shape.vision_layers,
        "num_heads": shape.vision_heads,
        "intermediate_size": shape.vision_intermediate_size,
        "num_position_embeddings": shape.vision_position_embeddings,
        "out_hidden_size": shape.hidden_size,
        "deepstack_visual_indexes": list(shape.deepstack_levels),
    }
    others = {key: value for key, value in own.items() if key not in ("text_config", "vision_config")}
    return Qwen3VLConfig(
        **{**others, "text_config": text, "vision_config": vision, "tie_word_embeddings": shape.tied_head}
    )


def random_tensors(config: Qwen3VLConfig, seed: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every tensor in bfloat16, scaled so that activations stay in a sound range."""
    with torch.device("meta"):
        empty = Qwen3VLForConditionalGeneration(config)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in empty.named_parameters():
        size = parameter.shape
        value = torch.randn(size, generator=generator, dtype=torch.float32)
        if len(size) == 1:
            value = 1.0 + 0.1 * value if name.endswith("weight") else 0.02 * value
        else:
            value *= size[1:].numel() ** -0.5
        yield name, value.to(torch.bfloat16)


def write_checkpoint(spec: ModelSpec, destination: Path, seed: int = 0) -> None:
    """Write shards, index, configuration and companions; one shard is in memory at a time."""
    destination.mkdir(parents=True)
    config = make_config(spec)
    config.save_pretrained(destination)
    for name in _COMPANIONS:
        shutil.copyfile(embedded_model_path() / name, destination / name)
    for name in ("preprocessor_config.json", "video_preprocessor_config.json"):
        settings = json.loads((embedded_model_path() / name).read_text(encoding="utf-8"))
        settings["size"] = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
        (destination / name).write_text(json.dumps(settings), encoding="utf-8")
    shard: dict[str, torch.Tensor] = {}
    written: dict[str, int] = {}

    def flush() -> None:
        number = max(written.values(), default=0) + 1
        save_file(shard, destination / f"model-{number:05d}.safetensors", metadata={"format": "pt"})
        written.update(dict.fromkeys(shard, number))
        shard.clear()

    for name, tensor in random_tensors(config, seed):
        shard[name] = tensor
        if sum(value.nbytes for value in shard.values()) > _SHARD_BYTES:
            flush()
    flush()
    index = {
        "metadata": {},
        "weight_map": {name: f"model-{number:05d}.safetensors" for name, number in written.items()},
    }
    (destination / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=("medmo-4b", "medmo-8b"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, help="decoder layers; all if not given")
    arguments = parser.parse_args()
    spec = {"medmo-4b": MEDMO_4B, "medmo-8b": MEDMO_8B}[arguments.model]
    if arguments.layers is not None:
        spec = replace(spec, architecture=replace(spec.architecture, layers=arguments.layers))
    write_checkpoint(spec, arguments.out)


if __name__ == "__main__":
    main()
