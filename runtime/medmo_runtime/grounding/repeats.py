"""Collapses the repeats of a model that is caught in a loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from medmo_runtime.grounding.results import Box, Coordinates, Finding

#: The same label with the same box this many times is a loop; fewer are a slip, collapsed without a mark.
LOOP_REPEATS = 3


def collapse_repeats(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], bool]:
    """Keep the first of each label and box.

    Returns
    -------
    tuple of Finding
        A finding whose boxes were all seen before is left out.
    bool
        Whether anything was there at least `LOOP_REPEATS` times.
    """
    counts: Counter[tuple[str, Coordinates | None]] = Counter()
    kept: list[Finding] = []
    for finding in findings:
        label = finding.label.casefold()
        boxes: list[Box] = []
        for box in finding.boxes:
            counts[label, box.coordinates] += 1
            if counts[label, box.coordinates] == 1:
                boxes.append(box)
        if not finding.boxes:
            counts[label, None] += 1
        if boxes or (not finding.boxes and counts[label, None] == 1):
            kept.append(replace(finding, boxes=tuple(boxes)))
    return tuple(kept), max(counts.values(), default=0) >= LOOP_REPEATS
