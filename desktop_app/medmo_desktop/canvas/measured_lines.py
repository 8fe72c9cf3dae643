"""The lines that the user measures on one frame."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medmo_desktop.canvas.drags import SpanDrag, SpanTarget
from medmo_desktop.canvas.shapes import MeasuredLine
from medmo_desktop.canvas.view_state import Point, Rectangle, ViewGeometry
from medmo_desktop.study.measuring import measure_length
from medmo_desktop.study.model import Frame


class MeasuredLines(QObject):
    """Measured lines, and the one being drawn."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lines: tuple[MeasuredLine, ...] = ()
        self._preview: MeasuredLine | None = None

    @property
    def lines(self) -> tuple[MeasuredLine, ...]:
        """The lines that are complete."""
        return self._lines

    @property
    def drawn(self) -> tuple[MeasuredLine, ...]:
        """The lines to draw."""
        return self._lines if self._preview is None else (*self._lines, self._preview)

    def target(self, frame: Frame) -> SpanTarget:
        """Return what makes a span of the image a measured line."""

        def line(span: Rectangle) -> MeasuredLine:
            return MeasuredLine(span[:2], span[2:], measure_length(frame, span[:2], span[2:]).text)

        return SpanTarget(
            lambda span: self._show(None if span is None else line(span)),
            lambda span: self._set((*self._lines, line(span))),
        )

    def drag(self, frame: Frame, geometry: ViewGeometry, point: Point) -> SpanDrag:
        """Return the drag that measures from a point of the widget."""
        return SpanDrag(geometry, point, self.target(frame))

    def remove_last(self) -> bool:
        """Remove the line measured last; False if there is none."""
        had_lines = bool(self._lines)
        self._set(self._lines[:-1])
        return had_lines

    def clear(self) -> None:
        """Remove every line."""
        self._set(())

    def _show(self, line: MeasuredLine | None) -> None:
        self._preview = line
        self.changed.emit()

    def _set(self, lines: tuple[MeasuredLine, ...]) -> None:
        self._lines = lines
        self.changed.emit()
