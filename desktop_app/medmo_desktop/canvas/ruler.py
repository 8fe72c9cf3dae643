"""The ruler at the edge of the view, which says whether it is calibrated; free of Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.study.measuring import measure_length
from medmo_desktop.study.model import Frame

_LONGEST_SHARE = 0.25


@dataclass(frozen=True)
class Ruler:
    """A horizontal line of ``length`` logical screen pixels, and what that is on the image."""

    length: float
    text: str


def ruler_for(frame: Frame, geometry: ViewGeometry) -> Ruler | None:
    """Return a ruler of a round length, at most a quarter of the view; None if the view has no room for one."""
    (x_across, _), (y_across, _) = geometry.state.axes()
    spacing = frame.spacing
    unit = 1.0 if spacing is None else (spacing.column_mm if x_across else spacing.row_mm)
    per_screen_pixel = unit / geometry.zoom
    longest = geometry.view_size[0] * _LONGEST_SHARE * per_screen_pixel
    if longest <= 0:
        return None
    length = round_length(longest)
    pixels = length / unit
    measured = measure_length(frame, (0.0, 0.0), (abs(x_across) * pixels, abs(y_across) * pixels))
    return Ruler(length / per_screen_pixel, measured.text)


def round_length(longest: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most ``longest``, which is above 0."""
    power = 10.0 ** math.floor(math.log10(longest))
    return next((step * power for step in (5.0, 2.0) if step * power <= longest), power)
