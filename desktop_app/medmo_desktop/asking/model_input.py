"""What the model saw of an image, in figures; free of Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_desktop.asking.requests import SeenImages


@dataclass(frozen=True, eq=False)
class ModelInput:
    """One image as it is and as the model is given it.

    Attributes
    ----------
    title : str
        For the screen only.
    width, height : int
        Of the image as shown, in pixels.
    pixels : ndarray of uint8, shape (model height, model width, 3)
        RGB, recovered from the patches that are fed to the model.
    token_side : int
        Side of one token in pixels of ``pixels``.
    columns, rows : int
        Of the token grid.
    notes : tuple of str
        What was done to the stored values before the resize, such as the window.
    """

    title: str
    width: int
    height: int
    pixels: NDArray[np.uint8]
    token_side: int
    columns: int
    rows: int
    notes: tuple[str, ...]

    @property
    def model_size(self) -> tuple[int, int]:
        """``(width, height)`` in pixels as the model sees it."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def tokens(self) -> int:
        """How many tokens the image takes in the prompt."""
        return self.columns * self.rows

    @property
    def token_extent(self) -> tuple[float, float]:
        """Width and height of one token in pixels of the image as shown."""
        return self.width / self.columns, self.height / self.rows


def model_inputs(seen: SeenImages) -> tuple[ModelInput, ...]:
    """Return the images of a request as the model is given them."""
    return tuple(
        ModelInput(choice.title, image.width, image.height, s.pixels, s.token_side, s.columns, s.rows, image.notes)
        for choice, image, s in zip(seen.request.images, seen.images, seen.seen, strict=True)
    )
