"""How an image is looked at, and where its pixels lie on the screen, free of Qt.

On the way to the screen an image is rotated first and then flipped, so a flip always mirrors what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from medmo_desktop.study.model import GreyWindow

Point = tuple[float, float]
#: ``(left, top, right, bottom)``.
Rectangle = tuple[float, float, float, float]
Rotation = Literal[0, 90, 180, 270]

SMALLEST_ZOOM, LARGEST_ZOOM = 0.01, 100.0
_QUARTERS: tuple[Rotation, ...] = (0, 90, 180, 270)
#: Clockwise, y downwards: where the image's x and y axis point on the screen.
_AXES: dict[Rotation, tuple[tuple[int, int], tuple[int, int]]] = {
    0: ((1, 0), (0, 1)),
    90: ((0, 1), (-1, 0)),
    180: ((-1, 0), (0, -1)),
    270: ((0, -1), (1, 0)),
}


@dataclass(frozen=True)
class ViewState:
    """How an image is looked at; the same state on another image or another widget looks alike.

    Attributes
    ----------
    window : GreyWindow or None
        None shows what the file itself asks for.
    inverted : bool
        Whether black and white are exchanged against what the file asks for.
    flip_horizontal, flip_vertical : bool
        Mirrored left to right, top to bottom, as seen on the screen.
    rotation : {0, 90, 180, 270}
        Degrees clockwise, before the flips.
    zoom : float or None
        Screen pixels (logical ones) per image pixel; None is as large as fits.
    centre : tuple of float or None
        The point of the image, in its pixels, in the middle of the view; None is the middle of the image.
    """

    window: GreyWindow | None = None
    inverted: bool = False
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation: Rotation = 0
    zoom: float | None = None
    centre: Point | None = None

    def rotated(self, quarters_clockwise: int) -> ViewState:
        """Return the state with what is seen turned by quarters; the middle of the view stays."""
        # A mirrored picture turns the other way round underneath.
        turn = -quarters_clockwise if self.flip_horizontal != self.flip_vertical else quarters_clockwise
        return replace(self, rotation=_QUARTERS[(self.rotation // 90 + turn) % 4])

    def axes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the direction on the screen of the image's x axis and of its y axis."""
        flip_x, flip_y = (-1 if self.flip_horizontal else 1), (-1 if self.flip_vertical else 1)
        (xx, xy), (yx, yy) = _AXES[self.rotation]
        return (xx * flip_x, xy * flip_y), (yx * flip_x, yy * flip_y)


@dataclass(frozen=True)
class ViewGeometry:
    """An image of ``image_size`` (width, height) in a widget of ``view_size``, both ways between their pixels."""

    state: ViewState
    image_size: tuple[int, int]
    view_size: tuple[float, float]

    @property
    def fitting_zoom(self) -> float:
        """The largest zoom at which the whole image is seen."""
        width, height = self.image_size
        if self.state.rotation in (90, 270):
            width, height = height, width
        fitting = min(self.view_size[0] / max(width, 1), self.view_size[1] / max(height, 1))
        return fitting if fitting > 0 else 1.0

    @property
    def zoom(self) -> float:
        """Logical screen pixels per image pixel."""
        return self.fitting_zoom if self.state.zoom is None else self.state.zoom

    @property
    def centre(self) -> Point:
        """The image's point in the middle of the view."""
        return self.state.centre or (self.image_size[0] / 2, self.image_size[1] / 2)

    def to_view(self, point: Point) -> Point:
        """Return where a point of the image lies in the widget."""
        (xx, xy), (yx, yy) = self.state.axes()
        dx, dy = (point[0] - self.centre[0]) * self.zoom, (point[1] - self.centre[1]) * self.zoom
        return self.view_size[0] / 2 + xx * dx + yx * dy, self.view_size[1] / 2 + xy * dx + yy * dy

    def to_image(self, point: Point) -> Point:
        """Return which point of the image lies at a point of the widget; it may be outside the image."""
        (xx, xy), (yx, yy) = self.state.axes()
        dx, dy = (point[0] - self.view_size[0] / 2) / self.zoom, (point[1] - self.view_size[1] / 2) / self.zoom
        # The axes are orthogonal and of length one, so the inverse is the transpose.
        return self.centre[0] + xx * dx + xy * dy, self.centre[1] + yx * dx + yy * dy

    def rectangle_to_view(self, box: Rectangle) -> Rectangle:
        """Return a box of the image in the widget's pixels, its corners in order."""
        return _ordered(self.to_view(box[:2]), self.to_view(box[2:]))

    def rectangle_to_image(self, box: Rectangle) -> Rectangle:
        """Return a rectangle of the widget in the image's pixels, its corners in order."""
        return _ordered(self.to_image(box[:2]), self.to_image(box[2:]))

    def visible_region(self) -> Rectangle | None:
        """Return the part of the image that is seen, in its pixels; None if nothing is."""
        left, top, right, bottom = self.rectangle_to_image((0.0, 0.0, *self.view_size))
        left, right = max(left, 0.0), min(right, float(self.image_size[0]))
        top, bottom = max(top, 0.0), min(bottom, float(self.image_size[1]))
        return (left, top, right, bottom) if left < right and top < bottom else None

    def zoomed(self, factor: float, at: Point) -> ViewState:
        """Return the state zoomed by a factor such that the image's point under ``at`` stays there."""
        fixed = self.to_image(at)
        zoom = min(max(self.zoom * factor, SMALLEST_ZOOM), LARGEST_ZOOM)
        there = replace(self, state=replace(self.state, zoom=zoom, centre=self.centre)).to_image(at)
        centre = (self.centre[0] + fixed[0] - there[0], self.centre[1] + fixed[1] - there[1])
        return replace(self.state, zoom=zoom, centre=self._kept_inside(centre))

    def panned(self, dx: float, dy: float) -> ViewState:
        """Return the state with the image moved by logical screen pixels; some of it stays in the view."""
        middle = self.to_image((self.view_size[0] / 2 - dx, self.view_size[1] / 2 - dy))
        return replace(self.state, zoom=self.zoom, centre=self._kept_inside(middle))

    def _kept_inside(self, centre: Point) -> Point:
        width, height = self.image_size
        return min(max(centre[0], 0.0), float(width)), min(max(centre[1], 0.0), float(height))


def _ordered(first: Point, second: Point) -> Rectangle:
    return (min(first[0], second[0]), min(first[1], second[1]), max(first[0], second[0]), max(first[1], second[1]))


def orientation_on_screen(letters: tuple[str, str, str, str], state: ViewState) -> tuple[str, str, str, str]:
    """Return the letters at the left, right, top and bottom edge of the screen.

    Parameters
    ----------
    letters : tuple of str
        At the left, right, top and bottom edge of the image as stored.
    state : ViewState
    """
    left, right, top, bottom = letters
    x_axis, y_axis = state.axes()
    towards = {
        x_axis: right,
        (-x_axis[0], -x_axis[1]): left,
        y_axis: bottom,
        (-y_axis[0], -y_axis[1]): top,
    }
    return towards[(-1, 0)], towards[(1, 0)], towards[(0, -1)], towards[(0, 1)]
