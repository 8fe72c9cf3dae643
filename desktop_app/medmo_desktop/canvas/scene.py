"""Everything that a picture of the canvas depends on, frozen, and the order in which it is painted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from medmo_desktop.canvas.box_painting import paint_boxes, paint_rubber_band
from medmo_desktop.canvas.image_layer import ImageLayer
from medmo_desktop.canvas.ruler import Ruler
from medmo_desktop.canvas.shape_painting import paint_extra, paint_grid, paint_measured
from medmo_desktop.canvas.shapes import ExtraShape, MeasuredLine, TokenGrid
from medmo_desktop.canvas.text_painting import (
    paint_corners,
    paint_edge_letters,
    paint_message,
    paint_notice,
    paint_ruler,
    share_room,
)
from medmo_desktop.canvas.view_state import Rectangle, ViewGeometry
from medmo_desktop.findings.marks import BoxSet

BACKGROUND = QColor(0, 0, 0)


@dataclass(frozen=True)
class PaintContext:
    """What is on the canvas.

    Attributes
    ----------
    geometry : ViewGeometry or None
        None while there is no image.
    device_pixel_ratio : float
    font : QFont
        Of every text; its size is constant on the screen.
    layer : ImageLayer or None
    boxes : BoxSet
        Drawn if ``boxes_shown``, save those that are not visible.
    selected, hovered : str or None
        Ids of boxes.
    box_texts : mapping of str to str
        Text beside a box by its id.
    ghosts : bool
        Whether to draw where the model put a box that the user moved.
    rubber_band : tuple of float or None
        A box being drawn, in pixels of the image.
    extra : tuple of ExtraShape
    grid : TokenGrid or None
    measured : tuple of MeasuredLine
    corner_text : mapping of str to tuple of str
        Lines for ``top-left``, ``top-right``, ``bottom-left``, ``bottom-right``.
    edge_letters : tuple of str or None
        At the left, right, top and bottom edge of the screen.
    ruler : Ruler or None
    message : str
        In the middle, in place of an image or over it; empty for none.
    notice : str
        At the bottom; empty for none.
    """

    geometry: ViewGeometry | None
    device_pixel_ratio: float
    font: QFont
    layer: ImageLayer | None = None
    boxes: BoxSet = field(default_factory=BoxSet)
    boxes_shown: bool = True
    selected: str | None = None
    hovered: str | None = None
    box_texts: Mapping[str, str] = field(default_factory=dict)
    ghosts: bool = False
    rubber_band: Rectangle | None = None
    extra: tuple[ExtraShape, ...] = ()
    grid: TokenGrid | None = None
    measured: tuple[MeasuredLine, ...] = ()
    corner_text: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    edge_letters: tuple[str, str, str, str] | None = None
    ruler: Ruler | None = None
    message: str = ""
    notice: str = ""


def paint(painter: QPainter, context: PaintContext, size: tuple[float, float]) -> None:
    """Paint a context over an area of ``size`` (width, height) in logical pixels."""
    area = QRectF(0, 0, *size)
    _paint_background(painter, context, area)
    painter.setFont(context.font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    geometry = context.geometry
    if geometry is not None and context.layer is not None:
        _paint_layer(painter, context.layer, context.device_pixel_ratio)
    # Below the boxes, whose labels must be read where both meet.
    room = share_room(QFontMetricsF(context.font), area, context.notice, context.corner_text, context.ruler)
    paint_corners(painter, area, room, context.corner_text)
    if geometry is not None:
        if context.grid is not None:
            paint_grid(painter, geometry, context.grid)
        paint_extra(painter, geometry, context.extra)
        if context.boxes_shown:
            paint_boxes(
                painter,
                geometry,
                context.boxes,
                selected=context.selected,
                hovered=context.hovered,
                texts=context.box_texts,
                ghosts=context.ghosts,
            )
        if context.rubber_band is not None:
            paint_rubber_band(painter, geometry, context.rubber_band)
        paint_measured(painter, geometry, context.measured)
    if context.edge_letters is not None:
        paint_edge_letters(painter, area, room, context.edge_letters)
    if context.ruler is not None:
        paint_ruler(painter, area, room, context.ruler)
    if context.notice:
        paint_notice(painter, room, context.notice)
    if context.message:
        paint_message(painter, area, context.message)


def _paint_background(painter: QPainter, context: PaintContext, area: QRectF) -> None:
    """Paint what the image leaves free: filling a large view takes as long as drawing the image."""
    if context.geometry is None or context.layer is None:
        painter.fillRect(area, BACKGROUND)
        return
    ratio = context.device_pixel_ratio
    left, top, width, height = (value / ratio for value in context.layer.request.place)
    right, bottom = left + width, top + height
    for free in (
        QRectF(0, 0, area.width(), top),
        QRectF(0, bottom, area.width(), area.height() - bottom),
        QRectF(0, top, left, height),
        QRectF(right, top, area.width() - right, height),
    ):
        if free.width() > 0 and free.height() > 0:
            painter.fillRect(free, BACKGROUND)


def _paint_layer(painter: QPainter, layer: ImageLayer, device_pixel_ratio: float) -> None:
    left, top, _, _ = layer.request.place
    picture = QImage(layer.picture)  # shares the pixels; only the ratio is its own
    picture.setDevicePixelRatio(device_pixel_ratio)
    painter.drawImage(QPointF(left, top) / device_pixel_ratio, picture)
