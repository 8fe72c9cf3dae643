"""Colour samples to 8-bit RGB, transparency, and orientation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.imaging.grey import Bytes, map_values, range_fractions, to_bytes


def grey_to_rgb(grey: Bytes) -> Bytes:
    """Return grey (height, width) as RGB (height, width, 3)."""
    rgb = np.empty((*grey.shape, 3), dtype=np.uint8)
    for channel in range(3):  # four times as fast as np.repeat
        rgb[:, :, channel] = grey
    return rgb


def samples_to_bytes(samples: NDArray[Any], top: int) -> Bytes:
    """Return unsigned colour samples from 0 to ``top`` as 0 to 255, unstretched."""
    if samples.dtype == np.uint8 and top == 255:
        return np.ascontiguousarray(samples)
    shown: Bytes = map_values(samples, lambda values: to_bytes(range_fractions(values, 0, top)))
    return shown


def over_black(colour: Bytes, alpha: Bytes) -> Bytes:
    """Return samples (height, width[, 3]) composited over black by ``alpha`` (height, width), 255 for opaque."""
    weight = alpha.astype(np.uint16).reshape(alpha.shape + (1,) * (colour.ndim - 2))
    return ((colour * weight + 127) // 255).astype(np.uint8)


def orient(pixels: Bytes, orientation: int) -> Bytes:
    """Return the image (height, width, 3) upright.

    Parameters
    ----------
    orientation : int
        The Orientation tag (274) of TIFF 6.0 and EXIF; 1, and any value that is not defined, is upright already.
    """
    upright = {
        2: lambda: pixels[:, ::-1],
        3: lambda: pixels[::-1, ::-1],
        4: lambda: pixels[::-1],
        5: lambda: pixels.swapaxes(0, 1),
        6: lambda: np.rot90(pixels, -1),
        7: lambda: pixels[::-1, ::-1].swapaxes(0, 1),
        8: lambda: np.rot90(pixels, 1),
    }
    return np.ascontiguousarray(upright[orientation]()) if orientation in upright else pixels
