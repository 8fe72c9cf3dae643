"""Widens packed weights of ``MatMulNBits`` to 8 bits with one scale per row, as products of integers take them.

What is rounded is half of 1/127 of a row's largest weight at most, about a twentieth of what the 4 bits themselves have
rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Largest 8-bit value.
_LARGEST = 127
#: Rows that are widened at once: they stay in the processor's cache.
_ROWS_AT_ONCE = 512


def widen_rows(
    values: NDArray[np.uint8],
    scales: NDArray[np.float32],
    zero_points: NDArray[np.uint8] | None,
    bits: int,
    widened: NDArray[np.int8],
    row_scales: NDArray[np.float32],
    scratch: NDArray[np.uint16] | None = None,
) -> None:
    """Widen a matrix, or some rows of one.

    Parameters
    ----------
    values : ndarray of uint8, shape (rows, blocks, block * bits / 8)
        As in ``MatMulNBits``.
    scales : ndarray of float32, shape (rows, blocks)
    zero_points : ndarray of uint8, shape (rows, blocks) or None
        Unpacked; None where every one is the middle of the range.
    bits : {4, 8}
    widened : ndarray of int8, shape (rows, blocks * block)
        Is filled, contiguous.
    row_scales : ndarray of float32, shape (rows,)
        Is filled: a weight is about its 8-bit value times this.
    scratch : ndarray of uint16, shape (`scratch_size` of the matrix,), optional
        What some rows of 4 bits are computed in, for callers that widen often: memory of a megabyte and more may be
        fetched from the system and given back each time.
    """
    if scratch is None:
        scratch = np.empty(scratch_size(values), np.uint16)
    zeros = np.full(scales.shape, 2 ** (bits - 1), np.uint8) if zero_points is None else zero_points
    farthest = np.maximum(zeros, (2**bits - 1) - zeros)  # from the zero point, in steps of the scale
    np.divide((np.abs(scales) * farthest).max(axis=1), _LARGEST, out=row_scales)
    row_scales[row_scales == 0] = 1
    factors = scales / row_scales[:, None]
    for first in range(0, len(values), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        if bits == 4:
            lower = scratch[: values[part].size].reshape(values[part].shape)
            _widen_four_bits(values[part], factors[part], zeros[part], widened[part], lower)
        else:
            _widen_eight_bits(values[part], factors[part], zeros[part], widened[part])


def scratch_size(values: NDArray[np.uint8]) -> int:
    """Return how many 16-bit values widening takes beside a matrix's packed values, or some rows of them."""
    return values[:_ROWS_AT_ONCE].size


def _widen_four_bits(
    values: NDArray[np.uint8],
    factors: NDArray[np.float32],
    zeros: NDArray[np.uint8],
    widened: NDArray[np.int8],
    lower: NDArray[np.uint16],
) -> None:
    """Multiply in 16 bits, modulo 2**16: the factor has eight bits after the point, the result is the upper byte."""
    rounded = np.rint(factors * 256).astype(np.int32)
    multipliers = rounded.astype(np.uint16)[:, :, None]
    offsets = (128 - rounded * zeros).astype(np.uint16)[:, :, None]  # rounds, and takes the zero point away
    lower[...] = values
    both = widened.view(np.uint16).reshape(lower.shape)  # a byte of two values becomes two bytes
    np.right_shift(lower, 4, out=both)
    both *= multipliers
    both += offsets
    both &= 0xFF00
    lower &= 15
    lower *= multipliers
    lower += offsets
    lower >>= 8
    both |= lower


def _widen_eight_bits(
    values: NDArray[np.uint8], factors: NDArray[np.float32], zeros: NDArray[np.uint8], widened: NDArray[np.int8]
) -> None:
    exact = (values.astype(np.float32) - zeros[:, :, None]) * factors[:, :, None]
    widened[...] = np.rint(exact).reshape(widened.shape)
