"""What the model saw: the image after window and resize, taken back from the patches that it is fed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.preprocessing import PreparedPrompt

#: Order in which the processor flattens (frames, twin frames, channels, rows of tokens, patches in a token, pixels,
#: columns of tokens, patches in a token, pixels): transformers' ``Qwen2VLImageProcessorPil._preprocess``.
_PATCH_ORDER = (0, 3, 6, 4, 7, 2, 1, 5, 8)


@dataclass(frozen=True)
class PatchLayout:
    """How an image is cut into patches and normalized.

    Attributes
    ----------
    patch_size : int
        Side of a patch in pixels.
    merge_size : int
        Patches along one side of a token.
    twin_frames : int
        How many equal frames a still image is given as.
    mean, std : tuple of float
        Per channel, of values from 0 to 1.
    """

    patch_size: int
    merge_size: int
    twin_frames: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of_processor(cls, processor: Any) -> PatchLayout:
        """Return the layout of one of transformers' image processors of the Qwen2-VL family."""
        return cls(
            processor.patch_size,
            processor.merge_size,
            processor.temporal_patch_size,
            tuple(processor.image_mean),
            tuple(processor.image_std),
        )

    @property
    def token_side(self) -> int:
        """Side of a token in pixels."""
        return self.patch_size * self.merge_size


@dataclass(frozen=True, eq=False)
class SeenImage:
    """One image as the model is given it.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB; both sides are whole tokens.
    token_side : int
        Side of a token in pixels.
    """

    pixels: NDArray[np.uint8]
    token_side: int

    @property
    def columns(self) -> int:
        """Tokens in a row."""
        return int(self.pixels.shape[1]) // self.token_side

    @property
    def rows(self) -> int:
        """Tokens in a column."""
        return int(self.pixels.shape[0]) // self.token_side


def image_from_patches(patches: NDArray[np.float32], grid: NDArray[np.int64], layout: PatchLayout) -> NDArray[np.uint8]:
    """Put normalized patches together again.

    Parameters
    ----------
    patches : ndarray of float32, shape (patches, values)
    grid : ndarray of int64, shape (3,)
        Frames, patch rows and patch columns.
    layout : PatchLayout

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Exactly what was normalized: the values are rounded back to whole steps, which they were.
    """
    frames, rows, columns = (int(size) for size in grid)
    merge, patch = layout.merge_size, layout.patch_size
    cut = patches.reshape(
        frames, rows // merge, columns // merge, merge, merge, 3, layout.twin_frames, patch, patch
    ).transpose(np.argsort(_PATCH_ORDER))
    whole = cut.reshape(frames * layout.twin_frames, 3, rows * patch, columns * patch)[0].transpose(1, 2, 0)
    mean, std = (np.asarray(values, dtype=np.float32) for values in (layout.mean, layout.std))
    values = np.clip(np.rint((whole * std + mean) * 255), 0, 255)
    pixels: NDArray[np.uint8] = values.astype(np.uint8, order="C")
    return pixels


def seen_images(prompt: PreparedPrompt, layout: PatchLayout) -> tuple[SeenImage, ...]:
    """Return the images of a prompt as the model is given them."""
    return tuple(
        SeenImage(image_from_patches(patches, grid, layout), layout.token_side) for patches, grid in prompt.each_image()
    )
