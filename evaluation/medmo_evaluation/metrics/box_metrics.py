"""GIoU, the matching of two models' boxes, and average precision."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from medmo_evaluation.boxes import FloatBox, LabelledBox, box_iou

#: A box of the reference counts as matched from this IoU on, else as moved.
SAME_BOX_IOU = 0.9
IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
#: Weights of MedMO's own training reward for boxes: 5 L1 + 2 (1 - GIoU).
_L1_WEIGHT, _GIOU_WEIGHT = 5.0, 2.0
_DIFFERENT_LABEL = 1e6


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


@dataclass(frozen=True)
class Drift:
    """How a model's boxes on one image differ from the reference's.

    Attributes
    ----------
    ious : tuple of float
        Of each pair of boxes that overlap.
    corner_shifts : tuple of float
        Mean distance of the two corners of each pair, in pixels.
    lost, new : int
        Boxes of the reference alone and of the model alone.
    """

    ious: tuple[float, ...]
    corner_shifts: tuple[float, ...]
    lost: int
    new: int

    @property
    def matched(self) -> int:
        """Pairs with an IoU of at least `SAME_BOX_IOU`."""
        return sum(iou >= SAME_BOX_IOU for iou in self.ious)


def box_drift(model: Sequence[LabelledBox], reference: Sequence[LabelledBox], size: tuple[int, int]) -> Drift:
    """Match a model's boxes with the reference's, within labels, at the lowest cost of 5 L1 + 2 (1 - GIoU).

    Parameters
    ----------
    model, reference : sequence of LabelledBox
        In pixels.
    size : tuple of int
        Width and height of the image: L1 is over coordinates as shares of it.

    Returns
    -------
    Drift
        Pairs that do not overlap are not pairs: the one box is lost, the other new.
    """
    if not model or not reference:
        return Drift((), (), len(reference), len(model))
    ours, theirs = [entry.box for entry in model], [entry.box for entry in reference]
    scale = np.asarray([*size, *size], dtype=np.float64)
    difference = np.asarray(ours)[:, None] - np.asarray(theirs)[None]
    cost = _L1_WEIGHT * np.abs(difference / scale).sum(axis=2) + _GIOU_WEIGHT * (1 - box_giou(ours, theirs))
    same = np.array([[m.label.casefold() == r.label.casefold() for r in reference] for m in model])
    rows, columns = linear_sum_assignment(np.where(same, cost, _DIFFERENT_LABEL))
    overlap = box_iou(ours, theirs)
    pairs = [(r, c) for r, c in zip(rows, columns, strict=True) if same[r, c] and overlap[r, c] > 0]
    shifts = [float(np.linalg.norm(difference[r, c].reshape(2, 2), axis=1).mean()) for r, c in pairs]
    return Drift(
        tuple(float(overlap[r, c]) for r, c in pairs),
        tuple(shifts),
        len(reference) - len(pairs),
        len(model) - len(pairs),
    )


@dataclass(frozen=True)
class ScoredBoxes:
    """One image's predicted boxes with a score each, and the true ones."""

    predicted: tuple[LabelledBox, ...]
    scores: tuple[float, ...]
    true: tuple[LabelledBox, ...]


def average_precision(images: Sequence[ScoredBoxes]) -> float | None:
    """Return COCO's mean average precision over IoU 0.5 to 0.95 and all labels, by pycocotools.

    None if there is no true box.
    """
    labels = sorted({box.label.casefold() for image in images for box in image.true})
    if not labels:
        return None
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    number = {label: index + 1 for index, label in enumerate(labels)}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress and its table
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": index} for index in range(len(images))],
            "categories": [{"id": value, "name": label} for label, value in number.items()],
            "annotations": _true_entries(images, number),
        }
        truth.createIndex()
        found = truth.loadRes(_predicted_entries(images, number)) if _predicted_entries(images, number) else None
        if found is None:
            return 0.0
        evaluator = COCOeval(truth, found, "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return float(evaluator.stats[0])


def _coco_box(box: FloatBox) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]


def _true_entries(images: Sequence[ScoredBoxes], number: dict[str, int]) -> list[dict[str, object]]:
    boxes = [(index, box) for index, image in enumerate(images) for box in image.true]
    return [
        {
            "id": place + 1,
            "image_id": index,
            "category_id": number[box.label.casefold()],
            "bbox": _coco_box(box.box),
            "area": (box.box[2] - box.box[0]) * (box.box[3] - box.box[1]),
            "iscrowd": 0,
        }
        for place, (index, box) in enumerate(boxes)
    ]


def _predicted_entries(images: Sequence[ScoredBoxes], number: dict[str, int]) -> list[dict[str, object]]:
    return [
        {
            "image_id": index,
            "category_id": number[box.label.casefold()],
            "bbox": _coco_box(box.box),
            "score": score,
        }
        for index, image in enumerate(images)
        for box, score in zip(image.predicted, image.scores, strict=True)
        if box.label.casefold() in number
    ]
