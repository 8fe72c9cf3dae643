"""Stage A: the vision tower alone learns to localize, through a throw-away head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import Qwen3VLForConditionalGeneration

from tiny_training.dataset import Sample, pixel_batch
from tiny_training.fast_vision import GridBatches, fast_vision
from tiny_training.progress import Progress, cosine_rate, save_state
from tiny_training.vision_targets import TokenHead, token_targets

#: Steps between two resumable states.
SAVE_EVERY = 200


def train_vision(
    model: Qwen3VLForConditionalGeneration,
    head: TokenHead,
    samples: list[Sample],
    state_path: Path,
    *,
    steps: int,
    batch: int,
    peak: float,
    seed: int,
) -> None:
    """Train ``model.model.visual`` and ``head`` in place; resumes from ``state_path``."""
    tower = model.model.visual
    parameters = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.98), weight_decay=0.02)
    start = 0
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        tower.load_state_dict(state["tower"])
        head.load_state_dict(state["head"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]

    batches = GridBatches(samples)
    progress = Progress("vision", steps)
    for step in range(start, steps):
        rng = np.random.default_rng((seed, 1, step))
        chosen = batches.draw(rng, batch)
        pixels, grids = pixel_batch(chosen)
        for group in optimizer.param_groups:
            group["lr"] = cosine_rate(step, steps, peak)
        with fast_vision():
            output = tower(pixels, grid_thw=grids)
        losses = head.loss(output.pooler_output, token_targets(chosen))
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        progress.step(step, {key: float(value.detach()) for key, value in losses.items()})
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            save_state(
                state_path,
                {
                    "tower": tower.state_dict(),
                    "head": head.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": step + 1,
                },
            )
