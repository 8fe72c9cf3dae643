from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from medmo_desktop.canvas.ruler import round_length, ruler_for
from medmo_desktop.canvas.view_state import ViewGeometry, ViewState
from medmo_desktop.study.model import Frame, PixelSpacing


@pytest.mark.parametrize(("longest", "length"), [(7.0, 5.0), (5.0, 5.0), (49.0, 20.0), (1.9, 1.0), (0.03, 0.02)])
def test_round_lengths(longest: float, length: float) -> None:
    assert round_length(longest) == pytest.approx(length)


@pytest.mark.parametrize(("rotation", "mm_per_pixel"), [(0, 0.25), (90, 0.5)])
def test_the_ruler_is_as_long_as_it_says_also_when_turned(
    make_grey: Callable[..., Frame], rotation: int, mm_per_pixel: float
) -> None:
    spacing = PixelSpacing(row_mm=0.5, column_mm=0.25, calibrated=True, source="Pixel Spacing")
    frame = make_grey(np.zeros((100, 200), np.int16), spacing=spacing)
    ruler = ruler_for(frame, ViewGeometry(ViewState(rotation=rotation, zoom=2.0), (200, 100), (400, 300)))
    assert ruler is not None
    millimetres = float(ruler.text.removesuffix(" mm"))
    assert ruler.length / 2.0 * mm_per_pixel == pytest.approx(millimetres)
    assert ruler.length <= 100


def test_the_ruler_says_that_it_is_not_calibrated(make_grey: Callable[..., Frame]) -> None:
    frame = make_grey(np.zeros((100, 200), np.int16))
    ruler = ruler_for(frame, ViewGeometry(ViewState(zoom=2.0), (200, 100), (400, 300)))
    assert ruler is not None
    assert (ruler.length, ruler.text) == (100, "50.0 px (no pixel spacing)")
