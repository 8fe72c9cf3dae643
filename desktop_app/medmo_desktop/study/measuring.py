"""Lengths and pixel values, with the words that say what they are worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from medmo_desktop.study.model import Frame

Point = tuple[float, float]


@dataclass(frozen=True)
class Length:
    """The length of a line.

    Attributes
    ----------
    value : float
    unit : {"mm", "px"}
    calibrated : bool
        Whether it is a length in the patient.
    text : str
        Number, unit and, where it is not calibrated, what it is instead.
    """

    value: float
    unit: str
    calibrated: bool
    text: str


@dataclass(frozen=True)
class PixelProbe:
    """The value under a point: ``column`` and ``row`` of the image as shown, from 0, and ``text`` as people read it."""

    column: int
    row: int
    value: tuple[float, ...]
    text: str


def measure_length(frame: Frame, start: Point, end: Point) -> Length:
    """Return the length between two points (x, y) in pixels of the image as shown."""
    x, y = end[0] - start[0], end[1] - start[1]
    spacing = frame.spacing
    if spacing is None:
        pixels = math.hypot(x, y)
        return Length(pixels, "px", False, f"{pixels:.1f} px (no pixel spacing)")
    length = math.hypot(x * spacing.column_mm, y * spacing.row_mm)
    if spacing.calibrated:
        return Length(length, "mm", True, f"{length:.1f} mm")
    place = "at the detector" if spacing.source == "Imager Pixel Spacing" else "not calibrated"
    return Length(length, "mm", False, f"{length:.1f} mm ({place})")


def probe_pixel(frame: Frame, x: float, y: float) -> PixelProbe | None:
    """Return the value at a point in pixels of the image as shown, None outside of it."""
    if not (0 <= x < frame.width and 0 <= y < frame.height):
        return None
    rows, columns = frame.values.shape[:2]
    row = min(int(y * rows / frame.height), rows - 1)
    column = min(int(x * columns / frame.width), columns - 1)
    value = tuple(float(part) for part in np.atleast_1d(frame.values[row, column]))
    if not frame.is_grey:
        return PixelProbe(int(x), int(y), value, "RGB " + " ".join(f"{part:.0f}" for part in value))
    return PixelProbe(int(x), int(y), value, f"{value[0]:.6g} {frame.unit}".rstrip())
