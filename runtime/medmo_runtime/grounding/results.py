"""What a parsed answer consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medmo_models.coordinates import CoordinateSpace

#: ``swapped``: corners were in the wrong order. ``clipped``: a little outside the image. ``pixels?``: too large for
#: the 0-1000 grid, so probably in another unit; kept unclipped. ``unit-scale``: written as shares between 0 and 1.
BoxMark = Literal["swapped", "clipped", "pixels?", "unit-scale"]

#: ``truncated``: the text ends inside a box, an object or a thought. ``malformed``: something that looks like a box
#: could not be read and was left out. ``loop``: the model repeated itself; repeats were left out.
AnswerMark = Literal["truncated", "malformed", "loop"]

Coordinates = tuple[float, float, float, float]


@dataclass(frozen=True)
class Box:
    """One box of an answer.

    Attributes
    ----------
    raw : tuple of float
        ``(x1, y1, x2, y2)`` with the numbers that the model wrote, in its own unit; only corners are put in order.
    coordinates : tuple of float
        The same box after scaling and clipping, in the unit that `space` names; x1 < x2 and y1 < y2.
    space : CoordinateSpace
        Unit of `coordinates`. Shares between 0 and 1 become ``relative-1000`` whatever the model's own space is.
    span : tuple of int
        Start and end, in characters of the answer, of the four numbers.
    marks : tuple of BoxMark
        What was unusual about the numbers.
    confidence : float or None
        Probability of the tokens in `span`, 0 to 1; the parser knows no tokens and leaves None.
    """

    raw: Coordinates
    coordinates: Coordinates
    space: CoordinateSpace
    span: tuple[int, int]
    marks: tuple[BoxMark, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True)
class Finding:
    """A label and its boxes; ``label`` may be empty, ``boxes`` too.

    ``span`` is the start and end, in characters of the answer, of the phrase with its boxes.
    """

    label: str
    boxes: tuple[Box, ...]
    span: tuple[int, int]


@dataclass(frozen=True)
class Grounding:
    """The findings of one answer in reading order, and what was wrong with the answer as a whole."""

    findings: tuple[Finding, ...]
    marks: tuple[AnswerMark, ...] = ()
