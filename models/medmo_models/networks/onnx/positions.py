"""Positions of tokens and patches and their rotary angles, in numpy (as transformers' Qwen3-VL computes them)."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.settings import OnnxSettings

Tables = tuple[NDArray[np.float32], NDArray[np.float32]]


def token_positions(token_types: NDArray[np.int64], grids: NDArray[np.int64] | None, merge: int) -> NDArray[np.int64]:
    """Return the time, height and width of every token of a prompt (``get_rope_index``).

    Parameters
    ----------
    token_types : ndarray of int64, shape (length,)
        1 on image tokens, 0 elsewhere.
    grids : ndarray of int64, shape (images, 3) or None
        Frames, patch rows and patch columns of each image.
    merge : int
        Patches per side of an image token.

    Returns
    -------
    ndarray of int64, shape (3, length)
        Text counts on in all three; an image's tokens share the time at which it starts, and text goes on
        after the longer side of its grid.
    """
    images = iter([] if grids is None else grids)
    parts, following = [], 0
    for is_image, run in groupby(token_types.tolist()):
        length = len(list(run))
        if not is_image:
            parts.append(np.tile(np.arange(length) + following, (3, 1)))
            following += length
            continue
        while length:
            frames, rows, columns = next(images) // np.array([1, merge, merge])
            parts.append(np.indices((frames, rows, columns)).reshape(3, -1) + following)
            following += max(rows, columns)
            length -= frames * rows * columns
    return np.concatenate(parts, axis=1)


def rotary_tables(positions: NDArray[np.int64], settings: OnnxSettings) -> Tables:
    """Return cosine and sine of the interleaved-mRoPE angles, float32, shape (length, head_dim / 2) each.

    Frequency j turns with the height where j mod 3 is 1 and j < 3 * sections[1], with the width where j mod 3 is 2
    and j < 3 * sections[2], else with the time.
    """
    frequencies = _inverse_frequencies(settings.shape.head_dim, settings.rotary_base)
    index = np.arange(len(frequencies))
    _, height, width = settings.rotary_sections
    axis = np.where((index % 3 == 1) & (index < 3 * height), 1, 0)
    axis = np.where((index % 3 == 2) & (index < 3 * width), 2, axis)
    angles = positions.astype(np.float32)[axis].T * frequencies
    return np.cos(angles), np.sin(angles)


def patch_grid(grid: NDArray[np.int64], merge: int) -> NDArray[np.int64]:
    """Return row and column of every patch of one image, shape (2, patches), four patches of a token together."""
    frames, rows, columns = (int(side) for side in grid)
    blocks = np.indices((rows, columns)).reshape(2, rows // merge, merge, columns // merge, merge)
    return np.tile(blocks.transpose(0, 1, 3, 2, 4).reshape(2, -1), (1, frames))


def patch_rotary_tables(patches: NDArray[np.int64], settings: OnnxSettings) -> Tables:
    """Return cosine and sine for the vision encoder, float32, shape (patches, head_dim / 2): rows, then columns."""
    shape = settings.shape
    half = shape.vision_hidden_size // shape.vision_heads // 2
    frequencies = _inverse_frequencies(half, settings.vision_rotary_base)
    angles = np.concatenate([place.astype(np.float32)[:, None] * frequencies for place in patches], axis=1)
    return np.cos(angles), np.sin(angles)


def position_samples(
    patches: NDArray[np.int64], grid: NDArray[np.int64], table_rows: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return where each patch samples the learned position table, bilinearly with corners aligned.

    Parameters
    ----------
    patches : ndarray of int64, shape (2, patches)
    grid : ndarray of int64, shape (3,)
    table_rows : int
        Rows of the table: the square of its side.

    Returns
    -------
    rows : ndarray of int64, shape (patches, 4)
    weights : ndarray of float32, shape (patches, 4)
    """
    side = round(table_rows**0.5)
    taps, shares = [], []
    for place, length in zip(patches, grid[1:], strict=True):
        exact = place.astype(np.float32) * np.float32(side - 1) / np.float32(max(int(length) - 1, 1))
        low = np.floor(exact).astype(np.int64)
        share = exact - low.astype(np.float32)
        taps.append(np.stack([low, np.minimum(low + 1, side - 1)], axis=1))
        shares.append(np.stack([1 - share, share], axis=1))
    rows = taps[0][:, :, None] * side + taps[1][:, None, :]
    weights = shares[0][:, :, None] * shares[1][:, None, :]
    return rows.reshape(-1, 4), weights.reshape(-1, 4).astype(np.float32)


def _inverse_frequencies(dimension: int, base: float) -> NDArray[np.float32]:
    exponents = np.arange(0, dimension, 2, dtype=np.float32) / np.float32(dimension)
    frequencies: NDArray[np.float32] = np.float32(1.0) / np.power(np.float32(base), exponents)
    return frequencies
