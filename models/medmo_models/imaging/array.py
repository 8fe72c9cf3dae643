"""Pixels that are already in memory, as a `LoadedImage`."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from medmo_models.imaging.loaded import LoadedImage


def image_from_pixels(pixels: NDArray[np.uint8]) -> LoadedImage:
    """Wrap RGB pixels that come from a program and not from a file.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)

    Returns
    -------
    LoadedImage
        ``sha256`` is of the pixel bytes, row by row; ``source_format`` is ``"array"``.

    Raises
    ------
    ValueError
        If the array has another shape or dtype: a programming error, not bad input.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"expected uint8 pixels of shape (height, width, 3), got {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()
    return LoadedImage(pixels, width, height, digest, 0, 1, "array", ())
