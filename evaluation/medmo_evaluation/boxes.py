"""Box overlap and matching. Boxes are ``(x1, y1, x2, y2)`` in any one unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

FloatBox = tuple[float, float, float, float]


def box_iou(first: Sequence[FloatBox], second: Sequence[FloatBox]) -> NDArray[np.float64]:
    """Return the intersection over union of every pair.

    Parameters
    ----------
    first, second : sequence of box
        n and m boxes with ``x1 <= x2`` and ``y1 <= y2``.

    Returns
    -------
    ndarray of float64, shape (n, m)
        0 where both boxes are empty.
    """
    a = np.asarray(first, dtype=np.float64).reshape(-1, 4)
    b = np.asarray(second, dtype=np.float64).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=2)
    area_a = (a[:, 2:] - a[:, :2]).prod(axis=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(axis=1)
    union = area_a[:, None] + area_b[None, :] - common
    overlap: NDArray[np.float64] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return overlap


@dataclass(frozen=True)
class LabelledBox:
    """A box with its label (compared without case)."""

    label: str
    box: FloatBox


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
