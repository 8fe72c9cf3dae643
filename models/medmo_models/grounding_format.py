"""MedMO's answer format for boxes, as a writer (the parser lives in `medmo_runtime.grounding`).

The format is the one of MedMO's README (genmilab/MedMO, commit 4a9f45d):
``Fractures <box>[[156, 516, 231, 607], [240, 529, 296, 581]]</box>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What a localize answer says when there is nothing to box.
NOTHING_FOUND = "No abnormality detected."


@dataclass(frozen=True)
class GroundedLabel:
    """A label and its boxes, ``(x1, y1, x2, y2)`` on the 0-1000 grid."""

    label: str
    boxes: tuple[tuple[int, int, int, int], ...]


def format_grounding(labels: Sequence[GroundedLabel]) -> str:
    """Write labels and boxes the way MedMO answers a localize prompt.

    Parameters
    ----------
    labels : sequence of GroundedLabel
        In the order in which the answer names them.

    Returns
    -------
    str
        `NOTHING_FOUND` for an empty sequence.
    """
    if not labels:
        return NOTHING_FOUND
    parts = []
    for entry in labels:
        boxes = ", ".join("[" + ", ".join(str(value) for value in box) + "]" for box in entry.boxes)
        parts.append(f"{entry.label} <box>[{boxes}]</box>")
    return ", ".join(parts)
