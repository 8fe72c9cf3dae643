"""Figures with their uncertainty: bootstrap over images, alone and paired, and McNemar's test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

BOOTSTRAP_RESAMPLES = 10_000
#: Numbers in memory at once while resampling.
_BATCH_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval: percentiles of a bootstrap unless the figure says otherwise."""

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
        For a difference of two models, the columns of both: they are resampled together, which pairs them.
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
    batch = max(1, min(100, _BATCH_NUMBERS // rows.size))
    values = np.concatenate(
        [
            statistic(rows[rng.integers(count, size=(min(batch, BOOTSTRAP_RESAMPLES - done), count))])
            for done in range(0, BOOTSTRAP_RESAMPLES, batch)
        ]
    )
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(statistic(rows)), float(low), float(high))


def bootstrap_ratio(sums: NDArray[np.float64], seed: int, otherwise: float = 0.0) -> Interval:
    """Return the first column's sum over the second's; ``otherwise`` where there is nothing to divide by.

    Parameters
    ----------
    sums : ndarray of float64, shape (images, 2)
        Sum and count of each image: the mean over all things counted, resampled by image.
    """

    def ratio(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        total = rows.sum(axis=-2)
        return divide(total[..., 0], total[..., 1], otherwise)

    return bootstrap(sums, ratio, seed)


def bootstrap_mean(values: NDArray[np.float64], seed: int) -> Interval:
    """Return the mean of one number per image."""
    return bootstrap(values[:, None], lambda rows: rows.mean(axis=(-2, -1)), seed)


def divide(above: NDArray[np.float64], below: NDArray[np.float64], otherwise: float) -> NDArray[np.float64]:
    """Divide, with ``otherwise`` where there is nothing to divide by."""
    result: NDArray[np.float64] = np.divide(above, below, out=np.full_like(below, otherwise), where=below > 0)
    return result


def mcnemar_p(right_to_wrong: int, wrong_to_right: int) -> float:
    """Return the exact two-sided p value that changes in both directions are equally likely; 1.0 without changes."""
    changes = right_to_wrong + wrong_to_right
    return 1.0 if changes == 0 else float(binomtest(right_to_wrong, changes, 0.5).pvalue)
