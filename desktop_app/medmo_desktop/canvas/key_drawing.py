"""A box or a line drawn by keys: it begins in the middle of what is seen, is moved and resized, and accepted."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from medmo_desktop.canvas.box_editing import arrow_step, moved_within, on_image, resized
from medmo_desktop.canvas.drags import SpanTarget
from medmo_desktop.canvas.view_state import Point, Rectangle, ViewGeometry

ARROWS: dict[int, Point] = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}
_FINE = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
#: Of what is seen of the image, in each direction.
_FIRST_SHARE = 0.25


def is_fine(modifiers: Qt.KeyboardModifier) -> bool:
    """Whether an arrow key moves by one pixel of the image."""
    return bool(modifiers & _FINE)


class KeyDrawing(QObject):
    """The drawing in progress, if there is one."""

    #: A sentence for the status bar and screen readers.
    announced = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._target: SpanTarget | None = None
        self._kind: Literal["box", "line"] = "box"
        self._span: Rectangle = (0.0, 0.0, 0.0, 0.0)

    @property
    def is_active(self) -> bool:
        """Whether something is being drawn."""
        return self._target is not None

    def begin(self, kind: Literal["box", "line"], target: SpanTarget, geometry: ViewGeometry) -> bool:
        """Begin in the middle of what is seen; False if nothing of the image is."""
        seen = geometry.visible_region()
        if seen is None:
            return False
        self.cancel()
        left, top, right, bottom = (round(edge) for edge in seen)
        half_width = max((right - left) * _FIRST_SHARE / 2, 0.5)
        half_height = max((bottom - top) * _FIRST_SHARE / 2, 0.5) if kind == "box" else 0.0
        x, y = (left + right) / 2, (top + bottom) / 2
        self._target, self._kind = target, kind
        self._show((x - half_width, y - half_height, x + half_width, y + half_height))
        keys = self.tr("Arrows move it, Shift and arrows resize it, Enter keeps it, Esc gives it up.")
        self.announced.emit(f"{span_words(kind, self._span)} {keys}")
        return True

    def press(self, key: int, modifiers: Qt.KeyboardModifier, geometry: ViewGeometry) -> bool:
        """Move, resize, accept or give up; False if nothing is being drawn or the key means nothing here."""
        if self._target is None:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        elif key in ARROWS:
            step = arrow_step(geometry, is_fine(modifiers))
            change = self._resized if modifiers & Qt.KeyboardModifier.ShiftModifier else self._moved
            self._show(change(ARROWS[key], step, geometry))
            self.announced.emit(span_words(self._kind, self._span))
        else:
            return False
        return True

    def cancel(self) -> bool:
        """Give up what is being drawn; False if nothing is."""
        if self._target is None:
            return False
        self._target.preview(None)
        self._target = None
        self.announced.emit(self.tr("Given up; nothing was drawn."))
        return True

    def _accept(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            target.preview(None)
            target.complete(self._span)
            self.announced.emit(self.tr("Kept. {0}").format(span_words(self._kind, self._span)))

    def _show(self, span: Rectangle) -> None:
        self._span = span
        if self._target is not None:
            self._target.preview(span)

    def _moved(self, direction: Point, step: float, geometry: ViewGeometry) -> Rectangle:
        dx, dy = on_image(direction, geometry)
        return moved_within(self._span, dx * step, dy * step, geometry.image_size)

    def _resized(self, direction: Point, step: float, geometry: ViewGeometry) -> Rectangle:
        if self._kind == "box":
            return resized(self._span, direction, step, geometry)
        dx, dy = on_image(direction, geometry)
        x1, y1, x2, y2 = self._span
        end = moved_within((x2, y2, x2, y2), dx * step, dy * step, geometry.image_size)
        # A line without a length is none.
        return self._span if end[:2] == (x1, y1) else (x1, y1, *end[:2])


def span_words(kind: Literal["box", "line"], span: Rectangle) -> str:
    """Return a box or a line in words, in pixels of the image."""
    x1, y1, x2, y2 = span
    if kind == "line":
        words = QCoreApplication.translate("Canvas", "Line from {0}, {1} to {2}, {3}.")
        return words.format(*(f"{one:.0f}" for one in span))
    words = QCoreApplication.translate("Canvas", "Box at {0}, {1}, {2} by {3} pixels.")
    return words.format(*(f"{one:.0f}" for one in (x1, y1, x2 - x1, y2 - y1)))
