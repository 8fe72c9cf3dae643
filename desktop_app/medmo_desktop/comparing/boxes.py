"""Two answers about one image, box by box: what stayed, moved, was lost or is new. Free of Qt.

The rule: boxes of one label (compared without case) are paired one to one at the lowest total cost of
5 L1 + 2 (1 - GIoU), MedMO's own reward weights, with L1 over coordinates as shares of the image. A pair that overlaps
at all is **matched** from an IoU of 0.9 on and **moved** below it. What has no partner is **lost** if the first answer
has it and **new** if the second has. A box under another label is therefore lost and new, wherever it lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_runtime.answer import Answer
from medmo_runtime.grounding.matching import SAME_BOX_IOU, LabelledBox, pair_boxes

Change = Literal["matched", "moved", "lost", "new"]
CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True)
class ComparedBox:
    """One box of either answer, or a pair.

    Attributes
    ----------
    change : {"matched", "moved", "lost", "new"}
    first, second : MarkedBox or None
        The box in each answer.
    iou : float or None
        Of a pair.
    corner_shift : float or None
        Of a pair: mean distance of the two corners, in pixels of the image as shown.
    """

    change: Change
    first: MarkedBox | None = None
    second: MarkedBox | None = None
    iou: float | None = None
    corner_shift: float | None = None

    @property
    def label(self) -> str:
        """The label, as the first answer has it where it can."""
        box = self.first or self.second
        return "" if box is None else box.label


@dataclass(frozen=True)
class BoxComparison:
    """All boxes of two answers: the first answer's in reading order, then the new ones."""

    rows: tuple[ComparedBox, ...] = ()

    def __iter__(self) -> Iterator[ComparedBox]:
        return iter(self.rows)

    def count(self, change: Change) -> int:
        """Return how many rows there are of one kind."""
        return sum(row.change == change for row in self.rows)

    @property
    def mean_iou(self) -> float | None:
        """Over the pairs; None without any."""
        ious = [row.iou for row in self.rows if row.iou is not None]
        return sum(ious) / len(ious) if ious else None


def compare_boxes(first: BoxSet, second: BoxSet, size: tuple[int, int]) -> BoxComparison:
    """Compare the boxes of two answers about one image by the rule above.

    Parameters
    ----------
    first, second : BoxSet
        In pixels of the image as shown.
    size : tuple of int
        Its width and height.
    """
    ours, theirs = first.boxes, second.boxes
    pairs = {pair.first: pair for pair in pair_boxes(_labelled(first), _labelled(second), size)}
    rows = []
    for place, box in enumerate(ours):
        pair = pairs.get(place)
        if pair is None:
            rows.append(ComparedBox("lost", first=box))
            continue
        change: Change = "matched" if pair.iou >= SAME_BOX_IOU else "moved"
        rows.append(ComparedBox(change, box, theirs[pair.second], pair.iou, pair.corner_shift))
    partners = {pair.second for pair in pairs.values()}
    rows += [ComparedBox("new", second=box) for place, box in enumerate(theirs) if place not in partners]
    return BoxComparison(tuple(rows))


def _labelled(boxes: BoxSet) -> list[LabelledBox]:
    return [LabelledBox(box.label, box.pixels) for box in boxes]


def boxes_of(answer: Answer) -> BoxSet:
    """Return an answer's boxes with the ids that the viewer gives them."""
    boxes = [(finding.label, box) for finding in answer.findings for box in finding.boxes]
    return BoxSet(
        tuple(
            MarkedBox(f"m{number}", label, box.pixels, box.raw, box.confidence, box.marks)
            for number, (label, box) in enumerate(boxes)
        )
    )
