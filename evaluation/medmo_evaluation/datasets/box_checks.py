"""Checks and conventions of boxes that a dataset or an answer gives."""

from __future__ import annotations

import math
from collections.abc import Sequence

from medmo_evaluation.boxes import FloatBox


def box_problem(box: object) -> str | None:
    """Return what is wrong with a box ``[x1, y1, x2, y2]``, None if nothing."""
    if not isinstance(box, (list, tuple)) or len(box) != 4:
        return "a box is not a list of four numbers"
    if not all(
        isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) for value in box
    ):
        return "a box holds something that is no finite number"
    if box[2] <= box[0] or box[3] <= box[1]:
        return "a box is inverted or empty"
    if min(box) < 0:
        return "a box begins outside of the image"
    return None


def from_relative_1000(raw: Sequence[float], size: tuple[int, int]) -> FloatBox:
    """Return pixels for a box on the 0-1000 grid; ``size`` is width and height of the image."""
    width, height = size
    return raw[0] * width / 1000, raw[1] * height / 1000, raw[2] * width / 1000, raw[3] * height / 1000


def from_model_pixels(raw: Sequence[float], size: tuple[int, int], model_size: tuple[int, int]) -> FloatBox:
    """Return pixels of the image for a box in pixels of the resized image that the model saw."""
    x, y = size[0] / model_size[0], size[1] / model_size[1]
    return raw[0] * x, raw[1] * y, raw[2] * x, raw[3] * y
