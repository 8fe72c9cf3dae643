"""How two models' boxes differ, and average precision."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from medmo_evaluation.boxes import FloatBox, LabelledBox
from medmo_runtime.grounding.matching import SAME_BOX_IOU, pair_boxes

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


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
    pairs = pair_boxes(model, reference, size)
    return Drift(
        tuple(pair.iou for pair in pairs),
        tuple(pair.corner_shift for pair in pairs),
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
