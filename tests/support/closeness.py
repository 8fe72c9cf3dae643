"""How far computed values are from exact ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def relative_noise(actual: NDArray[Any], exact: NDArray[Any]) -> float:
    """Return the root of the mean squared difference, in standard deviations of the exact values."""
    return float(np.sqrt(np.mean((actual - exact) ** 2)) / exact.std())
