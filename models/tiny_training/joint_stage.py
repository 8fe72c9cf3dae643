"""Stages B to D: the text decoder learns to answer, first over a frozen tower, then jointly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import Qwen2Tokenizer, Qwen3VLForConditionalGeneration

from medmo_models.phantoms import questions_for
from tiny_training.branches import BranchEncoder, PackedBatch
from tiny_training.dataset import Sample, pixel_batch
from tiny_training.fast_vision import GridBatches, fast_vision
from tiny_training.progress import Progress, cosine_rate, save_state
from tiny_training.vision_targets import TokenHead, soft_digits, token_targets

#: Steps between two resumable states.
SAVE_EVERY = 100


@dataclass(frozen=True)
class JointStage:
    """One stage's settings: learning rates are peaks of a cosine; ``auxiliary`` weighs the token head's loss."""

    name: str
    steps: int
    batch: int
    text_rate: float
    vision_rate: float
    auxiliary: float
    questions: int


def answer_loss(logits: torch.Tensor, batch: PackedBatch, first_digit: int) -> torch.Tensor:
    """Return the weighted cross entropy of the answers; the first two digits have soft targets.

    Parameters
    ----------
    logits : float32 tensor, shape (batch, length, vocabulary)
    batch : PackedBatch
    first_digit : int
        Token id of ``0``; the ten digits follow each other in the vocabulary.
    """
    chosen = batch.weights[:, 1:] > 0
    scores = logits[:, :-1][chosen].log_softmax(-1)
    target, weight = batch.input_ids[:, 1:][chosen], batch.weights[:, 1:][chosen]
    place, value = batch.places[:, 1:][chosen], batch.values[:, 1:][chosen]
    losses = functional.nll_loss(scores, target, reduction="none")
    digits = scores[:, first_digit : first_digit + 10]
    for at, unit in ((1, 100), (2, 10)):
        soft = -(soft_digits(value, unit) * digits).sum(-1)
        losses = torch.where(place == at, soft, losses)
    return (losses * weight).sum() / weight.sum()


def train_joint(
    model: Qwen3VLForConditionalGeneration,
    tokenizer: Qwen2Tokenizer,
    head: TokenHead,
    samples: list[Sample],
    state_path: Path,
    stage: JointStage,
    seed: int,
) -> None:
    """Run one stage in place; resumes from ``state_path``."""
    frozen = stage.vision_rate == 0
    tower = model.model.visual
    text = [p for name, p in model.named_parameters() if not name.startswith("model.visual")]
    vision = [] if frozen else [*tower.parameters(), *head.parameters()]
    groups = [{"params": text, "peak": stage.text_rate}]
    if vision:
        groups.append({"params": vision, "peak": stage.vision_rate})
    optimizer = torch.optim.AdamW(groups, lr=stage.text_rate, betas=(0.9, 0.98), weight_decay=0.02)
    start = 0
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        model.load_state_dict(state["model"])
        head.load_state_dict(state["head"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]

    encoder, batches = BranchEncoder(tokenizer), GridBatches(samples)
    first_digit = tokenizer.convert_tokens_to_ids("0")
    progress = Progress(stage.name, stage.steps)
    tower.requires_grad_(not frozen)
    for step in range(start, stage.steps):
        rng = np.random.default_rng((seed, stage.steps, step))
        chosen = batches.draw(rng, stage.batch)
        pixels, grids = pixel_batch(chosen)
        rows = []
        for sample in chosen:
            first, *others = questions_for(sample.phantom(), rng)
            picked = rng.permutation(len(others))[: stage.questions]
            rows.append([encoder.branch(first), *(encoder.branch(others[i]) for i in picked)])
        packed = encoder.pack(grids, rows, model.model)
        for group in optimizer.param_groups:
            group["lr"] = cosine_rate(step, stage.steps, group["peak"])

        with fast_vision():
            features = model.model.get_image_features(pixels, grids, return_dict=True)
        output = model(
            input_ids=packed.input_ids,
            position_ids=packed.position_ids,
            attention_mask=packed.mask,
            image_grid_thw=grids,
            mm_encoder_outputs={"image": features},
            use_cache=False,
        )
        loss = answer_loss(output.logits, packed, first_digit)
        shown = {"answers": float(loss.detach())}
        if vision and stage.auxiliary:
            losses = head.loss(torch.cat(features.pooler_output), token_targets(chosen))
            loss = loss + stage.auxiliary * torch.stack(list(losses.values())).sum()
            shown |= {key: float(value.detach()) for key, value in losses.items()}
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*text, *vision], 1.0)
        optimizer.step()
        progress.step(step, shown)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == stage.steps:
            save_state(
                state_path,
                {
                    "model": model.state_dict(),
                    "head": head.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": step + 1,
                },
            )
