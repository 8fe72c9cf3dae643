"""Further things drawn on the image: boxes and arrows of a comparison, a token grid, a measured length. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medmo_desktop.canvas.view_state import Point, Rectangle

Color = tuple[int, int, int]
LineStyle = Literal["solid", "dashed", "dotted"]


@dataclass(frozen=True)
class ExtraBox:
    """A box that cannot be selected.

    Attributes
    ----------
    pixels : tuple of float
        ``(x1, y1, x2, y2)`` in pixels of the image as shown.
    color : tuple of int
        RGB, 0 to 255.
    label : str
        Drawn beside it unless empty.
    line : {"solid", "dashed", "dotted"}
    """

    pixels: Rectangle
    color: Color
    label: str = ""
    line: LineStyle = "solid"


@dataclass(frozen=True)
class ExtraArrow:
    """An arrow from ``start`` to ``end``, in pixels of the image as shown."""

    start: Point
    end: Point
    color: Color
    line: LineStyle = "solid"


ExtraShape = ExtraBox | ExtraArrow


@dataclass(frozen=True)
class TokenGrid:
    """Lines that divide the image into equal cells, one per image token."""

    columns: int
    rows: int


@dataclass(frozen=True)
class MeasuredLine:
    """A line with its length in words, in pixels of the image as shown."""

    start: Point
    end: Point
    text: str
