"""Windows by name, and windows from the values themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_desktop.study.model import Frame, GreyWindow

_PERCENTILES = (1.0, 99.0)
_SAMPLES = 1_000_000


@dataclass(frozen=True)
class WindowPreset:
    """A named window for CT in Hounsfield units, with the digit that chooses it."""

    key: str
    window: GreyWindow


#: The customary CT windows, center then width.
CT_PRESETS = (
    WindowPreset("1", GreyWindow(-600, 1500, "lung")),
    WindowPreset("2", GreyWindow(40, 400, "soft tissue")),
    WindowPreset("3", GreyWindow(90, 150, "liver")),
    WindowPreset("4", GreyWindow(480, 2500, "bone")),
    WindowPreset("5", GreyWindow(40, 80, "brain")),
)


def presets_for(frame: Frame) -> tuple[WindowPreset, ...]:
    """Return the presets that mean something for a frame: none where values are not in Hounsfield units."""
    return CT_PRESETS if frame.is_grey and frame.unit == "HU" else ()


def auto_window(values: NDArray[Any]) -> GreyWindow:
    """Return the window from the 1st to the 99th percentile of the finite values."""
    low, high = _ends(values, _PERCENTILES)
    return _between(low, high, "automatic")


def starting_window(frame: Frame) -> GreyWindow:
    """Return the window from which dragging starts: the file's first, else the full range of the values."""
    if frame.windows:
        return frame.windows[0]
    if frame.values.dtype == np.uint8:
        return _between(0.0, 255.0, "as stored")
    return _between(*_ends(frame.values, None), "full range")


def _ends(values: NDArray[Any], percentiles: tuple[float, float] | None) -> tuple[float, float]:
    finite = values[np.isfinite(values)] if np.issubdtype(values.dtype, np.floating) else values.ravel()
    if finite.size == 0:
        return 0.0, 1.0
    if percentiles is None:
        return float(finite.min()), float(finite.max())
    low, high = np.percentile(finite[:: max(1, finite.size // _SAMPLES)], percentiles)
    return float(low), float(high)


def _between(low: float, high: float, name: str) -> GreyWindow:
    """Return the window in which ``low`` is black and ``high`` white."""
    return GreyWindow((low + high) / 2, (high - low) or 1.0, name, "LINEAR_EXACT")
