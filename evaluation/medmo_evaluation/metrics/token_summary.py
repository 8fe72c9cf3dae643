"""The figures over all answer tokens of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.compare.records import TokenRecord
from medmo_evaluation.compare.summary import ConfidenceBin, TokenFigures
from medmo_evaluation.metrics.intervals import Interval, bootstrap_ratio

#: Edges of the reference's confidence (exllamav3's qbench has the same).
CONFIDENCE_EDGES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)
PERCENTILES = (50, 90, 95, 99, 99.9)
#: Decades of the histogram; smaller values are counted in the first, larger in the last.
_LOWEST_DECADE, _HIGHEST_DECADE = -9, 1


def summarize_tokens(records: Sequence[TokenRecord], seed: int) -> TokenFigures | None:
    """Summarize per-token figures.

    Parameters
    ----------
    records : sequence of TokenRecord
        One per sample.
    seed : int
        Of the bootstrap over samples.

    Returns
    -------
    TokenFigures or None
        None without any token.
    """
    records = [record for record in records if record.kld]
    if not records:
        return None
    kld = _flat([record.kld for record in records])
    agree = _flat([record.same_top1 for record in records])
    p_reference = _flat([record.reference_probability for record in records])
    p_model = _flat([record.probability for record in records])
    confidence = _flat([record.reference_confidence for record in records])
    count = len(kld)
    change = p_model - p_reference
    top1 = float(agree.mean())
    return TokenFigures(
        samples=len(records),
        tokens=count,
        kld_mean=_per_sample([record.kld for record in records], seed),
        kld_standard_error=_standard_error(kld),
        kld_percentiles={
            **{f"{p:g}": float(value) for p, value in zip(PERCENTILES, _percentiles(kld), strict=True)},
            "max": float(kld.max()),
        },
        kld_histogram=_histogram(kld),
        kld_by_confidence=_by_confidence(kld, confidence),
        perplexity_ratio=_perplexity_ratio(p_reference, p_model),
        top1=_per_sample([record.same_top1 for record in records], seed),
        top1_standard_error=math.sqrt(top1 * (1 - top1) / max(count - 1, 1)),
        delta_p_mean=float(change.mean()),
        delta_p_rms=float(np.sqrt(np.mean(change**2))),
    )


def _flat(parts: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def _percentiles(kld: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(kld).all():
        return np.asarray(np.percentile(kld, PERCENTILES, method="lower"))
    return np.asarray(np.percentile(kld, PERCENTILES))


def _standard_error(values: NDArray[np.float64]) -> float:
    if len(values) < 2 or not np.isfinite(values).all():
        return 0.0 if len(values) < 2 else float("inf")
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def _per_sample(parts: Sequence[Sequence[float]], seed: int) -> Interval:
    sums = np.array([[sum(part), len(part)] for part in parts], dtype=np.float64)
    if not np.isfinite(sums).all():
        return Interval(float("inf"), float("inf"), float("inf"))
    return bootstrap_ratio(sums, seed)


def _histogram(kld: NDArray[np.float64]) -> tuple[tuple[float, int], ...]:
    decades = np.floor(np.log10(np.clip(kld, 10.0**_LOWEST_DECADE, 10.0**_HIGHEST_DECADE))).astype(int)
    return tuple(
        (float(decade), int((decades == decade).sum())) for decade in range(_LOWEST_DECADE, _HIGHEST_DECADE + 1)
    )


def _by_confidence(kld: NDArray[np.float64], confidence: NDArray[np.float64]) -> tuple[ConfidenceBin, ...]:
    bins = []
    for low, high in pairwise(CONFIDENCE_EDGES):
        inside = (confidence >= low) & ((confidence < high) | (high == 1.0))
        bins.append(ConfidenceBin(low, high, int(inside.sum()), float(kld[inside].mean()) if inside.any() else None))
    return tuple(bins)


def _perplexity_ratio(p_reference: NDArray[np.float64], p_model: NDArray[np.float64]) -> Interval:
    """Return exp(mean NLL of the model - that of the reference) with a normal 95 % interval of its logarithm.

    The variance of the logarithm is that of the mean of the differences, which is s_q^2 + s_r^2 - 2 cov over n (as
    llama.cpp's perplexity tool states it).
    """
    difference = np.log(np.clip(p_reference, 1e-30, None)) - np.log(np.clip(p_model, 1e-30, None))
    mean, margin = float(difference.mean()), 1.96 * _standard_error(difference)
    return Interval(*(math.exp(min(value, 700.0)) for value in (mean, mean - margin, mean + margin)))
