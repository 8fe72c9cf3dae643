"""Grey values to 8 bits: windows, full range, and the shortcut that maps each value once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import InputError

Values = NDArray[Any]
Fractions = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_LARGEST_TABLE = 1 << 16


@dataclass(frozen=True)
class Window:
    """A grey window as DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3 define it.

    Attributes
    ----------
    center, width : float
        In the units of the values it is applied to; ``width`` above 0.
    function : {"LINEAR", "LINEAR_EXACT", "SIGMOID"}
        LINEAR is not defined for widths below 1; LINEAR_EXACT takes its place there.
    explanation : str
        The file's own name for the window; it may quote anything, so it is for the screen only.
    """

    center: float
    width: float
    function: str = "LINEAR"
    explanation: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether the numbers and the function are ones that the standard defines."""
        finite = math.isfinite(self.center) and math.isfinite(self.width)
        return finite and self.width > 0 and self.function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")

    def fractions(self, values: Values) -> Fractions:
        """Return the brightness of ``values``, 0 for black to 1 for white."""
        offset = np.asarray(values, dtype=np.float64) - self.center
        if self.function == "SIGMOID":
            # The exponent is bounded only to keep exp() from overflowing where the result is 0 anyway.
            fraction = 1.0 / (1.0 + np.exp(np.clip(-4.0 * offset / self.width, -700.0, 700.0)))
        elif self.function == "LINEAR" and self.width == 1:
            fraction = np.where(offset > -0.5, 1.0, 0.0)
        elif self.function == "LINEAR" and self.width > 1:
            fraction = (offset + 0.5) / (self.width - 1.0) + 0.5
        else:
            fraction = offset / self.width + 0.5
        return np.clip(fraction, 0.0, 1.0)

    def __str__(self) -> str:
        """Return center and width as radiology writes them, and the function where it is not LINEAR."""
        return f"{self.center:.10g}/{self.width:.10g}" + ("" if self.function == "LINEAR" else f" ({self.function})")


def check_window(window: Window | None) -> None:
    """Raise `InputError` for a window whose numbers or function the standard does not define."""
    if window is not None and not window.is_usable:
        raise InputError(f"the window {window} is not usable: give a center and a width above 0")


def full_range(values: Values) -> tuple[float, float]:
    """Return the lowest and highest finite value.

    Raises
    ------
    InputError
        No value is finite.
    """
    finite = values[np.isfinite(values)] if np.issubdtype(values.dtype, np.floating) else values
    if finite.size == 0:
        raise InputError("the image holds no usable pixel values")
    return float(finite.min()), float(finite.max())


def range_fractions(values: Values, low: float, high: float) -> Fractions:
    """Return the brightness of ``values`` where ``low`` is black and ``high`` white; all black if they are equal."""
    if high == low:
        return np.zeros(values.shape, dtype=np.float64)
    return np.clip((np.asarray(values, dtype=np.float64) - low) / (high - low), 0.0, 1.0)


def to_bytes(fractions: Fractions) -> Bytes:
    """Return brightness 0 to 1 as 0 to 255, rounded; not-a-number becomes black."""
    return np.rint(np.nan_to_num(fractions, nan=0.0) * 255.0).astype(np.uint8)


def map_values(pixels: Values, mapping: Callable[[Values], NDArray[Any]]) -> NDArray[Any]:
    """Return ``mapping(pixels)``, computed once per possible value where the pixels are integers of up to 16 bits.

    Parameters
    ----------
    pixels : ndarray of numbers, one dimension or more
    mapping : callable
        Element by element; it receives int64 values in the shortcut and ``pixels`` itself otherwise.
    """
    if np.issubdtype(pixels.dtype, np.integer):
        low, high = int(pixels.min()), int(pixels.max())
        if high - low < _LARGEST_TABLE:
            table = mapping(np.arange(low, high + 1, dtype=np.int64))
            rows = np.atleast_2d(pixels)
            shown = np.empty(rows.shape, dtype=table.dtype)
            for row, shown_row in zip(rows, shown, strict=True):  # by rows: indices take 8 bytes per pixel
                table.take(np.subtract(row, low, dtype=np.int64), out=shown_row)
            return shown.reshape(pixels.shape)
    return mapping(pixels)


def show_grey(pixels: Values, bits: int, window: Window | None) -> tuple[Bytes, str | None]:
    """Return stored grey values of a PNG, JPEG or TIFF as 8 bits, with the note to make.

    Parameters
    ----------
    pixels : ndarray of integers or floats, shape (height, width)
    bits : int
        Bits per sample. Unsigned values of up to 8 bits keep their meaning, 0 black and ``2**bits - 1`` white; all
        others are shown over the range they span, because 16-bit files rarely use all of it.
    window : Window or None
        Takes the place of either.
    """
    if window is not None:
        return map_values(pixels, lambda values: to_bytes(window.fractions(values))), f"window {window} as asked"
    if pixels.dtype == np.uint8 and bits == 8:
        return pixels, None
    if np.issubdtype(pixels.dtype, np.unsignedinteger) and bits < 8:
        return map_values(pixels, lambda values: to_bytes(range_fractions(values, 0, 2**bits - 1))), None
    low, high = full_range(pixels)
    shown = map_values(pixels, lambda values: to_bytes(range_fractions(values, low, high)))
    return shown, f"{bits}-bit grey: the full range is shown ({low:.10g} to {high:.10g})"
