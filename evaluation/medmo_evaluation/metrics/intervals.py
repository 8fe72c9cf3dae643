"""Figures with their uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOOTSTRAP_RESAMPLES = 10_000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % percentile interval from a bootstrap."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(
    rows: NDArray[np.float64], statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]], seed: int
) -> Interval:
    """Resample rows (images) with replacement and take the 2.5 % and 97.5 % percentiles.

    Parameters
    ----------
    rows : ndarray of float64, shape (images, columns)
    statistic : callable
        Maps (..., images, columns) to (...).
    seed : int

    Raises
    ------
    ValueError
        If there are no rows.
    """
    rng = np.random.default_rng(seed)
    count = len(rows)
    if count == 0:
        raise ValueError("there is nothing to resample: no images were scored")
    values = np.concatenate(
        [statistic(rows[rng.integers(count, size=(100, count))]) for _ in range(BOOTSTRAP_RESAMPLES // 100)]
    )
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(statistic(rows)), float(low), float(high))
