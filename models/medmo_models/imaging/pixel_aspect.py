"""Pixels that are not square: resampled so that shapes keep their proportions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image

from medmo_models.imaging.grey import Bytes
from medmo_models.imaging.loaded import check_size

# PS3.3 C.7.6.3.1.7: Pixel Aspect Ratio counts only where there is no spacing. All are vertical, then horizontal.
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")


def pixel_height_to_width(settings: Any) -> float:
    """Return how many times as high as wide a pixel is: 1 where the data set does not say."""
    for keyword in _SPACINGS:
        values = settings.get(keyword)
        if values is None or isinstance(values, (str, bytes, float, int)) or len(values) != 2:
            continue
        vertical, horizontal = (float(value) for value in values)
        if vertical > 0 and horizontal > 0 and math.isfinite(vertical / horizontal):
            return vertical / horizontal
    return 1.0


def make_pixels_square(pixels: Bytes, settings: Any) -> tuple[Bytes, list[str]]:
    """Return RGB pixels (height, width, 3) enlarged along the side whose pixels are longer, and the note to make.

    Raises
    ------
    InputError
        The image would become too large.
    """
    ratio = pixel_height_to_width(settings)
    height, width, _ = pixels.shape
    new_height, new_width = (round(height * ratio), width) if ratio > 1 else (height, round(width / ratio))
    if (new_height, new_width) == (height, width):
        return pixels, []
    check_size(new_width, new_height)
    resized = np.array(Image.fromarray(pixels).resize((new_width, new_height), Image.Resampling.BICUBIC))
    side, factor = ("rows", ratio) if ratio > 1 else ("columns", 1 / ratio)
    return resized, [f"resampled {side} x{factor:.4g} for the pixel aspect ratio"]
