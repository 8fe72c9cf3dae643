"""Auxiliary supervision of the vision tower: what each merged image token should know.

A token covers 32 x 32 pixels of the resized image. A throw-away linear head on the merger's output
predicts which finding covers the token's centre, its box, and the box's first and second digits.
The head teaches the tower to localize before any text is learned; it is not part of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from medmo_models.phantoms import LABELS
from tiny_training.dataset import Sample

ALL_LABELS = tuple(label for labels in LABELS.values() for label in labels)
#: Standard deviation, on the 0-1000 grid, of the soft digit targets: near misses cost less.
DIGIT_SIGMA = 5.0


@dataclass(frozen=True)
class TokenTargets:
    """Targets of all merged tokens of a batch (rows in the merger's order).

    Attributes
    ----------
    label : int64 tensor, shape (tokens,)
        0 for background, else 1 + the index in `ALL_LABELS`.
    box : float32 tensor, shape (tokens, 4)
        The covering finding's box as shares; 0 where there is none.
    """

    label: torch.Tensor
    box: torch.Tensor


def token_targets(samples: list[Sample]) -> TokenTargets:
    """Assign to each merged token the finding that covers its centre (or is centred in it)."""
    labels, boxes = [], []
    for sample in samples:
        rows, columns = sample.grid[0] // 2, sample.grid[1] // 2
        label = torch.zeros(rows, columns, dtype=torch.long)
        box = torch.zeros(rows, columns, 4)
        y = (torch.arange(rows) + 0.5)[:, None] / rows
        x = (torch.arange(columns) + 0.5)[None, :] / columns
        for finding in sample.findings:
            x1, y1, x2, y2 = finding.box
            inside = (x >= x1) & (x < x2) & (y >= y1) & (y < y2)
            inside[int((y1 + y2) / 2 * rows), int((x1 + x2) / 2 * columns)] = True
            label[inside] = 1 + ALL_LABELS.index(finding.label)
            box[inside] = torch.tensor(finding.box)
        labels.append(label.flatten())
        boxes.append(box.reshape(-1, 4))
    return TokenTargets(torch.cat(labels), torch.cat(boxes))


def soft_digits(values: torch.Tensor, place: int) -> torch.Tensor:
    """Return the distribution over a coordinate's digit, blurred by `DIGIT_SIGMA`.

    Parameters
    ----------
    values : float tensor, any shape
        Coordinates on the 0-1000 grid.
    place : int
        100 for the first digit, 10 for the second, given the true first one.

    Returns
    -------
    float tensor, shape (*values.shape, 10)
    """
    rest = values if place == 100 else values % (10 * place)
    low = torch.arange(10, dtype=torch.float32) * place
    upper = torch.special.ndtr((low + place - 0.5 - rest[..., None]) / DIGIT_SIGMA)
    lower = torch.special.ndtr((low - 0.5 - rest[..., None]) / DIGIT_SIGMA)
    mass = (upper - lower).clamp_min(1e-8)
    return mass / mass.sum(-1, keepdim=True)


class TokenHead(nn.Module):
    """The throw-away head: label, box and digits from each merged token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.label = nn.Linear(width, 1 + len(ALL_LABELS))
        self.box = nn.Linear(width, 4)
        self.digits = nn.Linear(width, 4 * 2 * 10)

    def loss(self, features: torch.Tensor, targets: TokenTargets) -> dict[str, torch.Tensor]:
        """Return the three losses of ``features`` (float32, [tokens, width])."""
        positive = targets.label > 0
        chosen, box = features[positive], targets.box[positive]
        digits = self.digits(chosen).reshape(-1, 4, 2, 10).log_softmax(-1)
        values = (box * 1000).round()
        first, second = soft_digits(values, 100), soft_digits(values, 10)
        return {
            "label": functional.cross_entropy(self.label(features), targets.label),
            "box": functional.l1_loss(self.box(chosen), box) * 10,
            "digit1": -(first * digits[:, :, 0]).sum(-1).mean(),
            "digit2": -(second * digits[:, :, 1]).sum(-1).mean(),
        }
