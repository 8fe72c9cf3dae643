"""Frames made by hand and a canvas on screen, for the tests of the canvas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.canvas.image_canvas import ImageCanvas
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.model import Frame, FrameReference


def grey_frame(values: np.ndarray, **facts: Any) -> Frame:
    """A grey frame that shows the low 8 bits of its values by default."""
    shown = np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)
    facts = {"width": values.shape[1], "height": values.shape[0], "shown_by_default": shown, **facts}
    return Frame(reference=FrameReference(Path("made")), values=values, is_grey=True, sha256="0" * 64, **facts)


def colour_frame(pixels: np.ndarray) -> Frame:
    return Frame(
        reference=FrameReference(Path("made")),
        values=pixels,
        is_grey=False,
        width=pixels.shape[1],
        height=pixels.shape[0],
        sha256="0" * 64,
        shown_by_default=pixels,
    )


@pytest.fixture
def make_grey() -> Callable[..., Frame]:
    return grey_frame


@pytest.fixture
def make_colour() -> Callable[..., Frame]:
    return colour_frame


@pytest.fixture
def board() -> FindingBoard:
    return FindingBoard()


@pytest.fixture
def canvas(qtbot: QtBot, board: FindingBoard) -> ImageCanvas:
    """Of 400 by 300 with a grey ramp of 200 by 100 pixels: 2 screen pixels per pixel when it fits."""
    canvas = ImageCanvas(board)
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.show_frame(grey_frame(np.tile(np.arange(200, dtype=np.int16), (100, 1))))
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas
