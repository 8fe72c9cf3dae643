"""Learning-rate schedule, checkpoints and a line of progress: what every stage shares."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch


def cosine_rate(step: int, steps: int, peak: float, warmup: int = 50, floor: float = 0.02) -> float:
    """Return the learning rate at ``step``: linear warm-up, then a cosine down to ``floor * peak``."""
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / max(1, steps - warmup)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a resumable state beside its place, then rename it (training only, never shipped)."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


@dataclass
class Progress:
    """Running means of losses, printed every ``every`` steps with the time left."""

    name: str
    steps: int
    every: int = 50
    _sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _count: int = 0
    _began: float = field(default_factory=time.monotonic)
    _first: int | None = None

    def step(self, step: int, losses: dict[str, float]) -> None:
        """Record the losses of one finished step (counted from 0)."""
        if self._first is None:
            self._first = step
        for key, value in losses.items():
            self._sums[key] += value
        self._count += 1
        if (step + 1) % self.every == 0 or step + 1 == self.steps:
            means = " ".join(f"{key} {value / self._count:.3f}" for key, value in self._sums.items())
            pace = (time.monotonic() - self._began) / (step + 1 - self._first)
            left = pace * (self.steps - step - 1) / 60
            print(f"{self.name} {step + 1}/{self.steps} {means} | {pace:.2f} s/step, {left:.1f} min left", flush=True)
            self._sums.clear()
            self._count = 0
