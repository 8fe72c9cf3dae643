"""Paints text over the image: corners, orientation letters, ruler, messages, the notice."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from medmo_desktop.canvas.ruler import Ruler

_TEXT = QColor(235, 235, 235)
_BEHIND = QColor(0, 0, 0)
_EDGE = 8.0
_CORNERS: dict[str, tuple[bool, bool]] = {
    "top-left": (False, False),
    "top-right": (True, False),
    "bottom-left": (False, True),
    "bottom-right": (True, True),
}


def paint_corners(painter: QPainter, area: QRectF, texts: Mapping[str, tuple[str, ...]]) -> None:
    """Paint lines of text into the corners; long ones end in an ellipsis before the middle."""
    metrics = QFontMetricsF(painter.font())
    for corner, (right, bottom) in _CORNERS.items():
        lines = texts.get(corner, ())
        first = area.height() - _EDGE - metrics.height() * len(lines) if bottom else _EDGE
        for index, line in enumerate(lines):
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, max(area.width() * 0.45, 0.0))
            x = area.width() - _EDGE - metrics.horizontalAdvance(text) if right else _EDGE
            paint_outlined(painter, QPointF(x, first + metrics.height() * index + metrics.ascent()), text)


def paint_edge_letters(painter: QPainter, area: QRectF, letters: tuple[str, str, str, str]) -> None:
    """Paint the directions of the patient at the left, right, top and bottom edge of the view."""
    metrics = QFontMetricsF(painter.font())
    left, right, top, bottom = letters
    middle_x, middle_y = area.width() / 2, area.height() / 2 + metrics.ascent() / 2
    paint_outlined(painter, QPointF(_EDGE, middle_y), left)
    paint_outlined(painter, QPointF(area.width() - _EDGE - metrics.horizontalAdvance(right), middle_y), right)
    paint_outlined(painter, QPointF(middle_x - metrics.horizontalAdvance(top) / 2, _EDGE + metrics.ascent()), top)
    above_notice = area.height() - _EDGE - metrics.height() - metrics.descent()
    paint_outlined(painter, QPointF(middle_x - metrics.horizontalAdvance(bottom) / 2, above_notice), bottom)


def paint_ruler(painter: QPainter, area: QRectF, ruler: Ruler) -> None:
    """Paint the ruler above the notice, with its length beside it."""
    metrics = QFontMetricsF(painter.font())
    y = area.height() - _EDGE - metrics.height() * 2.6
    left = (area.width() - ruler.length) / 2
    right = left + ruler.length
    for pen in (QPen(_BEHIND, 4.0), QPen(_TEXT, 2.0)):
        painter.setPen(pen)
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        painter.drawLine(QPointF(left, y - 5), QPointF(left, y + 5))
        painter.drawLine(QPointF(right, y - 5), QPointF(right, y + 5))
    paint_outlined(painter, QPointF(right + 8, y + metrics.ascent() / 2 - 1), ruler.text)


def paint_notice(painter: QPainter, area: QRectF, text: str) -> None:
    """Paint the research notice in the middle of the bottom edge."""
    metrics = QFontMetricsF(painter.font())
    x = max((area.width() - metrics.horizontalAdvance(text)) / 2, 2.0)
    paint_outlined(painter, QPointF(x, area.height() - _EDGE / 2 - metrics.descent()), text)


def paint_message(painter: QPainter, area: QRectF, text: str) -> None:
    """Paint a message in the middle, on a dark ground, wrapped."""
    metrics = QFontMetricsF(painter.font())
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(0, 0, max(area.width() * 0.8, 1.0), max(area.height() * 0.8, 1.0))
    needed = metrics.boundingRect(room, flags.value, text)
    needed.moveCenter(area.center())
    painter.fillRect(needed.adjusted(-12, -8, 12, 8), QColor(0, 0, 0, 200))
    painter.setPen(_TEXT)
    painter.drawText(needed.adjusted(-1, -1, 1, 1), flags.value, text)


def paint_outlined(painter: QPainter, baseline: QPointF, text: str) -> None:
    """Paint text that is readable on bright and on dark tissue."""
    painter.setPen(_BEHIND)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        painter.drawText(baseline + QPointF(dx, dy), text)
    painter.setPen(_TEXT)
    painter.drawText(baseline, text)
