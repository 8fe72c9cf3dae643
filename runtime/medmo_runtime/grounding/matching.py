"""Which boxes of two answers are the same: overlap, MedMO's matching cost, and one-to-one pairs at the lowest cost.

Free of scipy on purpose: the viewer and the evaluation share this rule, and the viewer's build is smaller without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: ``(x1, y1, x2, y2)`` in any one unit.
FloatBox = tuple[float, float, float, float]

#: From this IoU on a pair counts as the same box, below it as one that moved.
SAME_BOX_IOU = 0.9
#: Weights of MedMO's own training reward for boxes: 5 L1 + 2 (1 - GIoU).
_L1_WEIGHT, _GIOU_WEIGHT = 5.0, 2.0
_DIFFERENT_LABEL = 1e6


@dataclass(frozen=True)
class LabelledBox:
    """A box with its label (compared without case)."""

    label: str
    box: FloatBox


@dataclass(frozen=True)
class BoxPair:
    """A box of each of two answers (indices) that are taken for the same.

    Attributes
    ----------
    first, second : int
    iou : float
        Above 0.
    corner_shift : float
        Mean distance of the two corners (top left, bottom right), in the boxes' unit.
    """

    first: int
    second: int
    iou: float
    corner_shift: float


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


def box_giou(first: Sequence[FloatBox], second: Sequence[FloatBox]) -> NDArray[np.float64]:
    """Return the generalized IoU of every pair, in [-1, 1] (Rezatofighi et al., CVPR 2019).

    Parameters
    ----------
    first, second : sequence of box
        n and m boxes with ``x1 <= x2`` and ``y1 <= y2``.

    Returns
    -------
    ndarray of float64, shape (n, m)
    """
    a = np.asarray(first, dtype=np.float64).reshape(-1, 4)
    b = np.asarray(second, dtype=np.float64).reshape(-1, 4)
    iou = box_iou(first, second)
    low = np.minimum(a[:, None, :2], b[None, :, :2])
    high = np.maximum(a[:, None, 2:], b[None, :, 2:])
    hull = (high - low).prod(axis=2)
    areas = (a[:, 2:] - a[:, :2]).prod(axis=1)[:, None] + (b[:, 2:] - b[:, :2]).prod(axis=1)[None, :]
    union = areas / (1 + iou)
    gap: NDArray[np.float64] = np.divide(hull - union, hull, out=np.zeros_like(hull), where=hull > 0)
    return iou - gap


def pair_boxes(
    first: Sequence[LabelledBox], second: Sequence[LabelledBox], size: tuple[int, int]
) -> tuple[BoxPair, ...]:
    """Pair boxes one to one, within labels, at the lowest total cost of 5 L1 + 2 (1 - GIoU).

    Parameters
    ----------
    first, second : sequence of LabelledBox
        In pixels.
    size : tuple of int
        Width and height of the image: L1 is over coordinates as shares of it.

    Returns
    -------
    tuple of BoxPair
        In the order of ``first``. Pairs that do not overlap are not pairs.
    """
    if not first or not second:
        return ()
    ours, theirs = [entry.box for entry in first], [entry.box for entry in second]
    scale = np.asarray([*size, *size], dtype=np.float64)
    difference = np.asarray(ours, dtype=np.float64)[:, None] - np.asarray(theirs, dtype=np.float64)[None]
    cost = _L1_WEIGHT * np.abs(difference / scale).sum(axis=2) + _GIOU_WEIGHT * (1 - box_giou(ours, theirs))
    same = np.array([[a.label.casefold() == b.label.casefold() for b in second] for a in first])
    overlap = box_iou(ours, theirs)
    return tuple(
        BoxPair(
            row,
            column,
            float(overlap[row, column]),
            float(np.linalg.norm(difference[row, column].reshape(2, 2), axis=1).mean()),
        )
        for row, column in assign(np.where(same, cost, _DIFFERENT_LABEL))
        if same[row, column] and overlap[row, column] > 0
    )


def assign(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Solve the assignment problem: pairs of row and column, each used once at most, with the least total cost.

    Shortest augmenting paths with prices (Jonker and Volgenant, Computing 38, 1987). The tests hold it to scipy's.

    Parameters
    ----------
    cost : ndarray of float64, shape (n, m)
        Finite.

    Returns
    -------
    list of tuple of int
        min(n, m) pairs, by row.
    """
    if cost.shape[0] > cost.shape[1]:
        return sorted((row, column) for column, row in assign(cost.T))
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns + 1)
    # A column beyond the last holds the row that is to be placed.
    row_of = np.full(columns + 1, -1)
    for row in range(rows):
        row_of[columns] = row
        _place(cost, row_of, row_price, column_price)
    return sorted((int(row_of[column]), column) for column in range(columns) if row_of[column] >= 0)


def _place(
    cost: NDArray[np.float64],
    row_of: NDArray[np.int_],
    row_price: NDArray[np.float64],
    column_price: NDArray[np.float64],
) -> None:
    """Find a column for the row in the last place of ``row_of``, moving rows that were placed where that is cheaper."""
    columns = cost.shape[1]
    distance = np.full(columns, np.inf)
    parent = np.full(columns, -1)
    seen = np.zeros(columns + 1, dtype=bool)
    column = columns
    while row_of[column] >= 0:
        seen[column] = True
        row = row_of[column]
        reduced = cost[row] - row_price[row] - column_price[:columns]
        nearer = ~seen[:columns] & (reduced < distance)
        distance[nearer], parent[nearer] = reduced[nearer], column
        column = int(np.where(seen[:columns], np.inf, distance).argmin())
        step = distance[column]
        row_price[row_of[seen]] += step
        column_price[seen] -= step
        distance[~seen[:columns]] -= step
    while column != columns:
        row_of[column] = row_of[parent[column]]
        column = int(parent[column])
