"""What happens between pressing and releasing a mouse button: one small class per kind of drag."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from medmo_desktop.canvas.box_editing import Grip, dragged
from medmo_desktop.canvas.view_state import Point, Rectangle, ViewGeometry, ViewState
from medmo_desktop.study.model import GreyWindow

#: Logical screen pixels over which a window's width doubles its starting width.
_WINDOW_TRAVEL = 300.0
#: Logical screen pixels over which the zoom grows by e.
_ZOOM_TRAVEL = 150.0
#: A box or line shorter than this on the screen was a click.
_SMALLEST_DRAWN = 4.0


class Drag(Protocol):
    """One drag; points are in the widget's pixels."""

    def move(self, point: Point) -> None:
        """Follow the pointer."""

    def finish(self, point: Point) -> None:
        """Complete it where the button was released."""

    def cancel(self) -> None:
        """Leave everything as before."""


class ViewDrag:
    """Changes the view only: window and level, pan or zoom."""

    def __init__(
        self, start: ViewState, view_at: Callable[[Point], ViewState], apply: Callable[[ViewState], None]
    ) -> None:
        self._start, self._view_at, self._apply = start, view_at, apply

    def move(self, point: Point) -> None:
        """Show the view at this point."""
        self._apply(self._view_at(point))

    def finish(self, point: Point) -> None:
        """Nothing is left to do: every move was shown."""

    def cancel(self) -> None:
        """Return to the view before the drag."""
        self._apply(self._start)


def window_drag(state: ViewState, window: GreyWindow, start: Point, apply: Callable[[ViewState], None]) -> ViewDrag:
    """Return a drag that widens the window to the right and raises its level downwards."""

    def view_at(point: Point) -> ViewState:
        per_pixel = window.width / _WINDOW_TRAVEL
        width = max(window.width + (point[0] - start[0]) * per_pixel, window.width / _WINDOW_TRAVEL)
        center = window.center + (point[1] - start[1]) * per_pixel
        return replace(state, window=replace(window, center=center, width=width, name=""))

    return ViewDrag(state, view_at, apply)


def pan_drag(geometry: ViewGeometry, start: Point, apply: Callable[[ViewState], None]) -> ViewDrag:
    """Return a drag that moves the image with the pointer."""
    return ViewDrag(geometry.state, lambda point: geometry.panned(point[0] - start[0], point[1] - start[1]), apply)


def zoom_drag(geometry: ViewGeometry, start: Point, apply: Callable[[ViewState], None]) -> ViewDrag:
    """Return a drag that zooms in upwards, at the point where it began."""
    return ViewDrag(
        geometry.state, lambda point: geometry.zoomed(math.exp((start[1] - point[1]) / _ZOOM_TRAVEL), start), apply
    )


@dataclass(frozen=True)
class SpanTarget:
    """What a span between two points becomes: a box or a measured line.

    Attributes
    ----------
    preview : callable
        Receives start and end in pixels of the image, None for nothing.
    complete : callable
        Receives start and end in pixels of the image.
    """

    preview: Callable[[Rectangle | None], None]
    complete: Callable[[Rectangle], None]


class SpanDrag:
    """Draws a span between two points; a click draws none.

    Parameters
    ----------
    geometry : ViewGeometry
    start : tuple of float
    target : SpanTarget
    """

    def __init__(self, geometry: ViewGeometry, start: Point, target: SpanTarget) -> None:
        self._geometry, self._start = geometry, start
        self._preview, self._complete = target.preview, target.complete

    def move(self, point: Point) -> None:
        """Show the span up to here."""
        self._preview(self._span(point))

    def finish(self, point: Point) -> None:
        """Hand over the span, unless it was a click."""
        self._preview(None)
        if math.dist(self._start, point) >= _SMALLEST_DRAWN:
            self._complete(self._span(point))

    def cancel(self) -> None:
        """Draw nothing."""
        self._preview(None)

    def _span(self, point: Point) -> Rectangle:
        width, height = self._geometry.image_size
        (x1, y1), (x2, y2) = self._geometry.to_image(self._start), self._geometry.to_image(point)
        x1, x2 = (min(max(x, 0.0), float(width)) for x in (x1, x2))
        y1, y2 = (min(max(y, 0.0), float(height)) for y in (y1, y2))
        return x1, y1, x2, y2


class GripDrag:
    """Moves or resizes a box.

    Parameters
    ----------
    geometry : ViewGeometry
    pixels : tuple of float
        The box before.
    grip : Grip
    start : tuple of float
    preview : callable
        Receives the box as it would be, None for as it is.
    complete : callable
        Receives the box as it became; not called if it did not change.
    """

    def __init__(
        self,
        geometry: ViewGeometry,
        pixels: Rectangle,
        grip: Grip,
        start: Point,
        preview: Callable[[Rectangle | None], None],
        complete: Callable[[Rectangle], None],
    ) -> None:
        self._geometry, self._pixels, self._grip, self._start = geometry, pixels, grip, start
        self._preview, self._complete = preview, complete

    def move(self, point: Point) -> None:
        """Show the box as it would be."""
        self._preview(self._at(point))

    def finish(self, point: Point) -> None:
        """Hand over the box, unless it was a click."""
        self._preview(None)
        if point != self._start:
            self._complete(self._at(point))

    def cancel(self) -> None:
        """Leave the box as it was."""
        self._preview(None)

    def _at(self, point: Point) -> Rectangle:
        return dragged(self._pixels, self._grip, self._geometry, self._start, point, self._geometry.image_size)


class ClickOrDrag:
    """A click until the pointer has travelled, then a drag."""

    def __init__(self, start: Point, travel: float, click: Callable[[], None], drag: Drag | None) -> None:
        self._start, self._travel, self._click, self._drag = start, travel, click, drag
        self._is_dragging = False

    def move(self, point: Point) -> None:
        """Begin the drag once the pointer is far enough, then follow it."""
        self._is_dragging = self._is_dragging or math.dist(self._start, point) >= self._travel
        if self._is_dragging and self._drag is not None:
            self._drag.move(point)

    def finish(self, point: Point) -> None:
        """Click, or finish the drag."""
        if not self._is_dragging:
            self._click()
        elif self._drag is not None:
            self._drag.finish(point)

    def cancel(self) -> None:
        """Cancel the drag."""
        if self._is_dragging and self._drag is not None:
            self._drag.cancel()
