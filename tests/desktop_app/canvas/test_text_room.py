"""Texts on the image stay apart from one another on every canvas."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QFontMetricsF, QGuiApplication, QImage, QPainter
from pytestqt.qtbot import QtBot

from medmo_desktop.canvas import text_painting
from medmo_desktop.canvas.ruler import Ruler
from medmo_desktop.canvas.scene import PaintContext, paint
from medmo_desktop.canvas.view_state import ViewGeometry, ViewState
from medmo_runtime.overlay import RESEARCH_NOTICE

CORNERS = {
    "top-left": ("SMITH^JOHN", "1950-01-01 M", "ID 12345"),
    "top-right": ("City Hospital", "CT Thorax", "2026-01-31"),
    "bottom-left": ("Slice 5.0 mm", "12 of 300"),
    "bottom-right": ("W 1500 L -600 (lung)", "Inverted", "Zoom 35.2 %"),
}


@pytest.mark.parametrize(
    ("size", "points"),
    [
        *(((120, 120), 9), ((180, 150), 9), ((240, 320), 9), ((320, 200), 9), ((420, 300), 9), ((640, 480), 9)),
        *(((240, 200), 14), ((320, 200), 14), ((640, 480), 14), ((1600, 900), 14)),
    ],
)
def test_no_text_lies_on_another(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], points: int
) -> None:
    assert isinstance(QGuiApplication.instance(), QGuiApplication)
    font = QFont()
    font.setPointSize(points)
    metrics = QFontMetricsF(font)
    placed: dict[str, QRectF] = {}

    def record(_painter: QPainter, baseline: QPointF, text: str) -> None:
        placed[f"{text} {len(placed)}"] = QRectF(
            baseline.x(), baseline.y() - metrics.ascent() + 1, metrics.horizontalAdvance(text), metrics.height() - 2
        )

    def record_notice(_painter: QPainter, room: text_painting.TextRoom, text: str) -> None:
        placed[text] = room.notice

    monkeypatch.setattr(text_painting, "paint_outlined", record)
    monkeypatch.setattr("medmo_desktop.canvas.scene.paint_notice", record_notice)
    geometry = ViewGeometry(ViewState(), (512, 512), size)
    context = PaintContext(
        geometry,
        1.0,
        font,
        corner_text=CORNERS,
        edge_letters=("R", "L", "A", "P"),
        ruler=Ruler(size[0] / 4, "50 mm (at the detector)"),
        notice=RESEARCH_NOTICE,
    )
    picture = QImage(*size, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    paint(painter, context, size)
    painter.end()
    area = QRectF(0, 0, *size)
    assert area.contains(placed[RESEARCH_NOTICE])
    for (one, first), (other, second) in combinations(placed.items(), 2):
        assert not first.intersects(second), f"{one!r} lies on {other!r}"
