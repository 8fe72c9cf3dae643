"""Trains medmo-tiny end to end: phantoms, stages A to D, export, held-out figures, model card."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import fields
from pathlib import Path

import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_models.artifact import ManifestFacts, create_artifact
from medmo_models.artifact.checkpoint import describe_checkpoint, read_checkpoint
from tiny_training.card import write_card
from tiny_training.dataset import build_cache, load_cache
from tiny_training.evaluate import run, summarize
from tiny_training.joint_stage import train_joint
from tiny_training.plan import Plan
from tiny_training.skeleton import build_model, build_tokenizer, save_processor
from tiny_training.vision_stage import train_vision
from tiny_training.vision_targets import TokenHead


def train(plan: Plan, work: Path, workers: int) -> Path:
    """Run all stages, each resuming from ``work``, and return the folder of the finished checkpoint."""
    build_cache(work / "phantoms", plan.data_seed, plan.samples, workers)
    samples = load_cache(work / "phantoms", plan.samples)
    tokenizer = build_tokenizer()
    model = build_model(tokenizer, plan.seed)
    model.set_attn_implementation("eager")  # the fastest on a CPU for short sequences
    torch.manual_seed(plan.seed + 1)
    head = TokenHead(model.config.text_config.hidden_size)
    vision = plan.vision
    train_vision(
        model,
        head,
        samples,
        work / "vision.state",
        steps=vision.steps,
        batch=vision.batch,
        peak=vision.rate,
        seed=plan.seed,
    )
    for stage in plan.joint:
        train_joint(model, tokenizer, head, samples, work / f"{stage.name}.state", stage, plan.seed)
    return save_checkpoint(model, work / "medmo-tiny")


def save_checkpoint(model: Qwen3VLForConditionalGeneration, directory: Path) -> Path:
    """Write the checkpoint in bfloat16 with tokenizer and processor settings."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    tokenizer = build_tokenizer()
    save_processor(directory, tokenizer)
    model.generation_config.eos_token_id = [
        tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|endoftext|>")
    ]
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.to(torch.bfloat16).save_pretrained(directory)
    return directory


def install(checkpoint: Path, destination: Path) -> None:
    """Copy the finished checkpoint as a full-precision artifact with its manifest; replaces an older one."""
    described = describe_checkpoint(read_checkpoint(checkpoint))
    facts = ManifestFacts(**{field.name: getattr(described, field.name) for field in fields(ManifestFacts)})
    with create_artifact(destination, overwrite=True) as writer:
        shutil.copytree(checkpoint, writer.path, dirs_exist_ok=True)
        writer.finish(facts)


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for phantoms and resumable states (5 GB)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the finished model")
    parser.add_argument("--picture", type=Path, required=True, help="PNG file for the picture grid")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--how", default="", help="what the card says of this run: machine, time")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    plan = Plan()
    checkpoint = train(plan, arguments.work, arguments.threads)
    answers = run(checkpoint, plan.held_out_seed, plan.held_out)
    write_card(checkpoint, arguments.picture, answers, summarize(answers), plan, arguments.how)
    install(checkpoint, arguments.out)


if __name__ == "__main__":
    main()
