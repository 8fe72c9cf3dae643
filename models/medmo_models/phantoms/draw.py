"""Drawing primitives for phantoms: soft shapes and smooth noise on a unit square.

All coordinates are shares of the image's width (x) and height (y), so a drawing does not
depend on the image's size; masks are float32 arrays of shape (height, width) in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FloatImage = NDArray[np.float32]


@dataclass(frozen=True)
class Canvas:
    """Coordinate grids of one image.

    Attributes
    ----------
    x, y : ndarray of float32, shapes (1, width) and (height, 1)
        Pixel centres as shares of the image side.
    """

    x: FloatImage
    y: FloatImage

    @classmethod
    def of_size(cls, width: int, height: int) -> Canvas:
        """Return the grids of an image of ``width`` x ``height`` pixels."""
        x = ((np.arange(width) + 0.5) / width).astype(np.float32)
        y = ((np.arange(height) + 0.5) / height).astype(np.float32)
        return cls(x[None, :], y[:, None])

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` in pixels."""
        return self.y.shape[0], self.x.shape[1]

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, soft: float = 0.08, power: float = 2.0) -> FloatImage:
        """Return the mask of a (super)ellipse, 0.5 on its edge.

        Parameters
        ----------
        cx, cy, rx, ry : float
            Centre and half axes, shares of the image sides.
        soft : float
            Width of the edge's ramp as a share of the radius.
        power : float
            2 is an ellipse; larger is squarer.
        """
        radius = (np.abs((self.x - cx) / rx) ** power + np.abs((self.y - cy) / ry) ** power) ** (1.0 / power)
        return ramp((1.0 - radius) / soft + 0.5)

    def smooth_noise(self, rng: np.random.Generator, cells: int) -> FloatImage:
        """Return noise of about unit range that varies over ``1 / cells`` of the image."""
        height, width = self.shape
        coarse = rng.standard_normal((cells, cells)).astype(np.float32)
        picture = Image.fromarray(coarse, mode="F").resize((width, height), Image.Resampling.BICUBIC)
        return np.asarray(picture, dtype=np.float32)


def ramp(values: FloatImage) -> FloatImage:
    """Clip to [0, 1]."""
    clipped: FloatImage = np.clip(values, 0.0, 1.0).astype(np.float32, copy=False)
    return clipped


def blend(image: FloatImage, mask: FloatImage, value: float | FloatImage, alpha: float = 1.0) -> None:
    """Move ``image`` towards ``value`` by ``alpha * mask``, in place."""
    image += (alpha * mask) * (value - image)


def mask_box(mask: FloatImage) -> tuple[float, float, float, float] | None:
    """Return the bounds of ``mask >= 0.5`` as shares ``(x1, y1, x2, y2)``, or None if empty."""
    inside = mask >= 0.5
    columns = np.flatnonzero(inside.any(axis=0))
    rows = np.flatnonzero(inside.any(axis=1))
    if columns.size == 0 or rows.size == 0:
        return None
    height, width = mask.shape
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )
