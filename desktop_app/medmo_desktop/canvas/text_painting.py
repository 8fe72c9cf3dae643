"""Paints text over the image: corners, orientation letters, ruler, messages, the notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from medmo_desktop.canvas.ruler import Ruler

_TEXT = QColor(235, 235, 235)
_BEHIND = QColor(0, 0, 0)
_EDGE = 8.0
_RULER_GAP = 8.0
_OUTLINE = ((-1, 0), (1, 0), (0, -1), (0, 1))
_WRAPPED = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
_CORNERS: dict[str, tuple[bool, bool]] = {
    "top-left": (False, False),
    "top-right": (True, False),
    "bottom-left": (False, True),
    "bottom-right": (True, True),
}


@dataclass(frozen=True)
class TextRoom:
    """Where texts go so that none lies on another, in logical pixels.

    Attributes
    ----------
    notice : QRectF
        At the bottom, in the middle; as high as its lines.
    ruler_left : float
    ruler_y : float or None
        None where the canvas is too low for a ruler.
    corners_bottom : float
        The lowest that text in the lower corners reaches.
    """

    notice: QRectF
    ruler_left: float
    ruler_y: float | None
    corners_bottom: float


def share_room(
    metrics: QFontMetricsF, area: QRectF, notice: str, corners: Mapping[str, tuple[str, ...]], ruler: Ruler | None
) -> TextRoom:
    """Return where texts go: on a narrow canvas the lower corners move up, above notice and ruler."""
    width, height = area.width(), area.height()
    wrapped = metrics.boundingRect(QRectF(0, 0, max(width - 4, 1), height), _WRAPPED.value, notice)
    notice_place = QRectF((width - wrapped.width()) / 2, height - 2 - wrapped.height(), *wrapped.size().toTuple())
    bottom = height - _EDGE
    needed = [_widest(metrics, area, corners.get(corner, ())) for corner in ("bottom-left", "bottom-right")]
    left_edge, right_edge = needed[0] + 2 * _EDGE, width - needed[1] - 2 * _EDGE
    if notice and any(needed) and (left_edge > notice_place.left() or right_edge < notice_place.right()):
        bottom = notice_place.top()
    ruler_left, ruler_y = 0.0, notice_place.top() - metrics.height() * 1.6
    if ruler_y < height / 2 + metrics.height() * 1.5:
        return TextRoom(notice_place, ruler_left, None, bottom)
    if ruler is not None:
        whole = ruler.length + _RULER_GAP + metrics.horizontalAdvance(ruler.text)
        ruler_left = max(min((width - ruler.length) / 2, width - _EDGE - whole), 2.0)
        lines = max(len(corners.get(corner, ())) for corner in ("bottom-left", "bottom-right"))
        reaches = bottom - lines * metrics.height() < ruler_y + metrics.height() / 2
        if reaches and (left_edge > ruler_left or right_edge < ruler_left + whole):
            bottom = ruler_y - metrics.height() / 2
    return TextRoom(notice_place, ruler_left, ruler_y, bottom)


def paint_corners(painter: QPainter, area: QRectF, room: TextRoom, texts: Mapping[str, tuple[str, ...]]) -> None:
    """Paint lines of text into the corners; long ones end in an ellipsis before the middle.

    Where the canvas is low, the lines next to the edge stay, and none goes beyond the middle.
    """
    metrics = QFontMetricsF(painter.font())
    for corner, (right, bottom) in _CORNERS.items():
        space = room.corners_bottom - area.height() / 2 if bottom else area.height() / 2 - _EDGE
        # Half a line stays free in the middle, for the letter of the patient's left or right.
        fitting = max(int(space / metrics.height() - 0.5), 0)
        lines = texts.get(corner, ())
        lines = lines[max(len(lines) - fitting, 0) :] if bottom else lines[:fitting]
        first = room.corners_bottom - metrics.height() * len(lines) if bottom else _EDGE
        for index, line in enumerate(lines):
            text = _elided(metrics, area, line)
            x = area.width() - _EDGE - metrics.horizontalAdvance(text) if right else _EDGE
            paint_outlined(painter, QPointF(x, first + metrics.height() * index + metrics.ascent()), text)


def _elided(metrics: QFontMetricsF, area: QRectF, line: str) -> str:
    # The letter of the patient's direction in the middle keeps its place.
    longest = min(area.width() * 0.45, area.width() / 2 - _EDGE - metrics.horizontalAdvance("W"))
    return metrics.elidedText(line, Qt.TextElideMode.ElideRight, max(longest, 0.0))


def _widest(metrics: QFontMetricsF, area: QRectF, lines: tuple[str, ...]) -> float:
    return max((metrics.horizontalAdvance(_elided(metrics, area, line)) for line in lines), default=0.0)


def paint_edge_letters(painter: QPainter, area: QRectF, room: TextRoom, letters: tuple[str, str, str, str]) -> None:
    """Paint the directions of the patient at the left, right, top and bottom edge of the view."""
    metrics = QFontMetricsF(painter.font())
    left, right, top, bottom = letters
    middle_x, middle_y = area.width() / 2, area.height() / 2 + metrics.ascent() / 2
    paint_outlined(painter, QPointF(_EDGE, middle_y), left)
    paint_outlined(painter, QPointF(area.width() - _EDGE - metrics.horizontalAdvance(right), middle_y), right)
    paint_outlined(painter, QPointF(middle_x - metrics.horizontalAdvance(top) / 2, _EDGE + metrics.ascent()), top)
    above_notice = room.notice.top() - metrics.descent()
    paint_outlined(painter, QPointF(middle_x - metrics.horizontalAdvance(bottom) / 2, above_notice), bottom)


def paint_ruler(painter: QPainter, area: QRectF, room: TextRoom, ruler: Ruler) -> None:
    """Paint the ruler above the notice, with its length beside it."""
    metrics = QFontMetricsF(painter.font())
    y = room.ruler_y
    if y is None:
        return
    left, right = room.ruler_left, room.ruler_left + ruler.length
    for pen in (QPen(_BEHIND, 4.0), QPen(_TEXT, 2.0)):
        painter.setPen(pen)
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        painter.drawLine(QPointF(left, y - 5), QPointF(left, y + 5))
        painter.drawLine(QPointF(right, y - 5), QPointF(right, y + 5))
    text_left = right + _RULER_GAP
    text = metrics.elidedText(ruler.text, Qt.TextElideMode.ElideRight, max(area.width() - text_left, 0.0))
    paint_outlined(painter, QPointF(text_left, y + metrics.ascent() / 2 - 1), text)


def paint_notice(painter: QPainter, room: TextRoom, text: str) -> None:
    """Paint the research notice in the middle of the bottom edge, in several lines where the canvas is narrow."""
    painter.setPen(_BEHIND)
    for dx, dy in _OUTLINE:
        painter.drawText(room.notice.translated(dx, dy), _WRAPPED.value, text)
    painter.setPen(_TEXT)
    painter.drawText(room.notice, _WRAPPED.value, text)


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
    for dx, dy in _OUTLINE:
        painter.drawText(baseline + QPointF(dx, dy), text)
    painter.setPen(_TEXT)
    painter.drawText(baseline, text)
