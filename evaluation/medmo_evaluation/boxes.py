"""Box overlap and matching. Boxes are ``(x1, y1, x2, y2)`` in any one unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from medmo_runtime.grounding.matching import FloatBox, LabelledBox, box_iou

__all__ = ["FloatBox", "LabelledBox", "Match", "box_iou", "match_boxes"]


@dataclass(frozen=True)
class Match:
    """A predicted box and the true box it was matched with (indices), and their IoU."""

    predicted: int
    true: int
    iou: float


def match_boxes(predicted: Sequence[LabelledBox], true: Sequence[LabelledBox]) -> tuple[Match, ...]:
    """Match one to one within each label so that the summed IoU is largest (Hungarian algorithm).

    Pairs that do not overlap at all are not matched.
    """
    if not predicted or not true:
        return ()
    overlap = box_iou([entry.box for entry in predicted], [entry.box for entry in true])
    same = np.array([[p.label.casefold() == t.label.casefold() for t in true] for p in predicted])
    overlap = np.where(same, overlap, 0.0)
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return tuple(
        Match(int(row), int(column), float(overlap[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if overlap[row, column] > 0
    )
