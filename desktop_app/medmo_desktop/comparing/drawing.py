"""What a comparison draws on both images besides the answers' own boxes: free of Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from medmo_desktop.canvas.shapes import ExtraArrow, ExtraBox, ExtraShape
from medmo_desktop.comparing.boxes import BoxComparison, Change, ComparedBox
from medmo_desktop.findings.marks import BoxSet, PixelBox

#: Colours that differ in lightness too; the line's style and the label say the same without them.
_LOST, _NEW, _MOVED = (255, 140, 0), (0, 200, 255), (255, 235, 59)

#: Of a frame around a box: a share of its longer side, and pixels.
_MARGIN, _LEAST_MARGIN = 0.1, 3.0


def tagged(boxes: BoxSet, comparison: BoxComparison, words: Mapping[Change, str]) -> BoxSet:
    """Return an answer's boxes for display, with what became of each lone one behind its label.

    Parameters
    ----------
    boxes : BoxSet
    comparison : BoxComparison
        In which they are.
    words : mapping of str to str
        For ``lost`` and ``new``.
    """
    lone = {
        id(box): words[row.change]
        for row in comparison
        if row.change in words
        for box in (row.first, row.second)
        if box is not None
    }
    return BoxSet(
        tuple(replace(box, label=f"{box.label}, {lone[id(box)]}") if id(box) in lone else box for box in boxes)
    )


def shapes_on_first(comparison: BoxComparison) -> tuple[ExtraShape, ...]:
    """Return the shapes over the first image: its lost boxes dashed, and where moved ones went."""
    shapes: list[ExtraShape] = []
    for row in comparison:
        if row.change == "lost" and row.first is not None:
            shapes.append(ExtraBox(_around(row.first.pixels), _LOST, "", "dashed"))
        elif row.change == "moved":
            shapes += _move(row)
    return tuple(shapes)


def shapes_on_second(comparison: BoxComparison) -> tuple[ExtraShape, ...]:
    """Return the shapes over the second image: new boxes dashed, lost ones dotted, and where moved ones came from."""
    shapes: list[ExtraShape] = []
    for row in comparison:
        if row.change == "new" and row.second is not None:
            shapes.append(ExtraBox(_around(row.second.pixels), _NEW, "", "dashed"))
        elif row.change == "lost" and row.first is not None:
            shapes.append(ExtraBox(row.first.pixels, _LOST, "lost", "dotted"))
        elif row.change == "moved" and row.first is not None:
            shapes.append(ExtraBox(row.first.pixels, _MOVED, "", "dotted"))
            shapes += _move(row)
    return tuple(shapes)


def _around(box: PixelBox) -> PixelBox:
    """Return a frame around a box, so that both are seen."""
    margin = max(_LEAST_MARGIN, _MARGIN * max(box[2] - box[0], box[3] - box[1]))
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _move(row: ComparedBox) -> list[ExtraShape]:
    """Return an arrow per corner that moved by a pixel or more."""
    if row.first is None or row.second is None:
        return []
    pairs = zip(_corners(row.first.pixels), _corners(row.second.pixels), strict=True)
    return [ExtraArrow(a, b, _MOVED) for a, b in pairs if abs(a[0] - b[0]) + abs(a[1] - b[1]) >= 1]


def _corners(box: PixelBox) -> tuple[tuple[float, float], tuple[float, float]]:
    return box[:2], box[2:]
