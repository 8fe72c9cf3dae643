"""Paints comparisons' shapes, the token grid and measured lines."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from medmo_desktop.canvas.box_painting import paint_label
from medmo_desktop.canvas.label_layout import clipped
from medmo_desktop.canvas.shapes import ExtraBox, ExtraShape, LineStyle, MeasuredLine, TokenGrid
from medmo_desktop.canvas.view_state import Point, ViewGeometry

_STYLES: dict[LineStyle, Qt.PenStyle] = {
    "solid": Qt.PenStyle.SolidLine,
    "dashed": Qt.PenStyle.DashLine,
    "dotted": Qt.PenStyle.DotLine,
}
_LINE_WIDTH = 2.0
_ARROW_HEAD = 10.0
_MEASURE = QColor(255, 220, 0)
_GRID = QColor(0, 255, 255, 120)
_BEHIND = QColor(0, 0, 0, 170)
_MARGIN = 16.0


def paint_extra(painter: QPainter, geometry: ViewGeometry, shapes: tuple[ExtraShape, ...]) -> None:
    """Paint the boxes and arrows of a comparison."""
    for shape in shapes:
        pen = QPen(QColor(*shape.color), _LINE_WIDTH, _STYLES[shape.line])
        if isinstance(shape, ExtraBox):
            seen = clipped(geometry.rectangle_to_view(shape.pixels), geometry.view_size, _MARGIN)
            if seen is not None:
                pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
                painter.setPen(pen)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(QPointF(*seen[:2]), QPointF(*seen[2:])))
            paint_label(painter, geometry, shape.pixels, shape.label, QColor(*shape.color))
        else:
            _paint_arrow(painter, geometry, shape.start, shape.end, pen)


def paint_grid(painter: QPainter, geometry: ViewGeometry, grid: TokenGrid) -> None:
    """Paint the lines between image tokens and around them, where they are seen."""
    region = geometry.visible_region()
    if region is None:
        return
    left, top, right, bottom = region
    width, height = geometry.image_size
    painter.setPen(QPen(_GRID, 1.0))
    for x in (width * column / grid.columns for column in range(grid.columns + 1)):
        if left <= x <= right:
            painter.drawLine(QPointF(*geometry.to_view((x, top))), QPointF(*geometry.to_view((x, bottom))))
    for y in (height * row / grid.rows for row in range(grid.rows + 1)):
        if top <= y <= bottom:
            painter.drawLine(QPointF(*geometry.to_view((left, y))), QPointF(*geometry.to_view((right, y))))


def paint_measured(painter: QPainter, geometry: ViewGeometry, lines: tuple[MeasuredLine, ...]) -> None:
    """Paint measured lines with their lengths."""
    for line in lines:
        ends = _line_in_view(geometry, line.start, line.end)
        if ends is None:
            continue
        for pen in (QPen(_BEHIND, _LINE_WIDTH + 2), QPen(_MEASURE, _LINE_WIDTH)):
            painter.setPen(pen)
            painter.drawLine(*ends)
            for end in ends:
                painter.drawEllipse(end, 2.5, 2.5)
        xs, ys = sorted((line.start[0], line.end[0])), sorted((line.start[1], line.end[1]))
        paint_label(painter, geometry, (xs[0], ys[0], xs[1], ys[1]), line.text, _MEASURE)


def _paint_arrow(painter: QPainter, geometry: ViewGeometry, start: Point, end: Point, pen: QPen) -> None:
    ends = _line_in_view(geometry, start, end)
    if ends is None:
        return
    painter.setPen(pen)
    painter.drawLine(*ends)
    x, y = geometry.to_view(end)
    from_x, from_y = geometry.to_view(start)
    length = math.hypot(x - from_x, y - from_y)
    if length < 1 or not (
        -_MARGIN < x < geometry.view_size[0] + _MARGIN and -_MARGIN < y < geometry.view_size[1] + _MARGIN
    ):
        return
    ux, uy = (x - from_x) / length * _ARROW_HEAD, (y - from_y) / length * _ARROW_HEAD
    head = QPolygonF(
        [QPointF(x, y), QPointF(x - ux - uy / 2, y - uy + ux / 2), QPointF(x - ux + uy / 2, y - uy - ux / 2)]
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(pen.color())
    painter.drawPolygon(head)


def _line_in_view(geometry: ViewGeometry, start: Point, end: Point) -> tuple[QPointF, QPointF] | None:
    """Return the part of a line near the view (Liang and Barsky's clipping), so that no coordinate is too large."""
    (x1, y1), (x2, y2) = geometry.to_view(start), geometry.to_view(end)
    dx, dy = x2 - x1, y2 - y1
    enter, leave = 0.0, 1.0
    width, height = geometry.view_size
    for step, room in (
        (-dx, x1 + _MARGIN),
        (dx, width + _MARGIN - x1),
        (-dy, y1 + _MARGIN),
        (dy, height + _MARGIN - y1),
    ):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            enter = max(enter, room / step)
        else:
            leave = min(leave, room / step)
    if enter > leave:
        return None
    return QPointF(x1 + enter * dx, y1 + enter * dy), QPointF(x1 + leave * dx, y1 + leave * dy)
