"""How often models give the reference's own answer, and what sets two models apart on the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.compare.summary import AgreementFigures, PairedDifference
from medmo_evaluation.metrics.intervals import BOOTSTRAP_RESAMPLES, Interval, bootstrap_mean

#: Samples drawn at once.
_BATCH = 50


@dataclass(frozen=True)
class SampleAgreement:
    """One answer: whether it is the reference's word for word, and the KLD over the reference's tokens.

    ``kld_sum`` is over ``tokens``; both are 0 where the reference's answer is empty.
    """

    same_answer: bool
    kld_sum: float
    tokens: int


def summarize_agreement(answers: Sequence[SampleAgreement], seed: int) -> AgreementFigures | None:
    """Return the share of equal answers with its interval over samples; None without samples."""
    if not answers:
        return None
    same = np.array([answer.same_answer for answer in answers], dtype=np.float64)
    return AgreementFigures(samples=len(answers), same_answer=bootstrap_mean(same, seed))


def paired_differences(
    models: Mapping[str, Sequence[SampleAgreement]], pairs: Sequence[tuple[str, str]], seed: int
) -> tuple[PairedDifference, ...]:
    """Return what sets each pair of models apart; resampled samples are the same for both, which pairs them.

    Parameters
    ----------
    models : mapping of str to sequence of SampleAgreement
        By name; the samples of all are the same, in the same order.
    pairs : sequence of (str, str)
        Names; the difference is the first's less the second's.
    seed : int
    """
    names = list(models)
    count = len(models[names[0]]) if names else 0
    if not pairs or not count:
        return ()
    figures = np.array([[(a.same_answer, a.kld_sum, a.tokens) for a in models[name]] for name in names], dtype=float)
    figures = figures.transpose(1, 0, 2)  # samples, models, figures
    whole = figures.sum(axis=0)[None]
    drawn = _resampled_sums(figures, seed)
    return tuple(_pair(names, pair, whole, drawn, count) for pair in pairs)


def pairs_of(artifacts: Sequence[str], controls: Sequence[str]) -> list[tuple[str, str]]:
    """Return every two artifacts, and every artifact with every control."""
    return [*combinations(artifacts, 2), *((artifact, control) for artifact in artifacts for control in controls)]


def _resampled_sums(figures: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    count = len(figures)
    sums = [
        figures[rng.integers(count, size=(min(_BATCH, BOOTSTRAP_RESAMPLES - done), count))].sum(axis=1)
        for done in range(0, BOOTSTRAP_RESAMPLES, _BATCH)
    ]
    return np.concatenate(sums)


def _pair(
    names: Sequence[str], pair: tuple[str, str], whole: NDArray[np.float64], drawn: NDArray[np.float64], count: int
) -> PairedDifference:
    first, second = (names.index(name) for name in pair)

    def same(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return (sums[:, first, 0] - sums[:, second, 0]) / count

    def kld(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        tokens = np.maximum(sums[:, first, 2], 1)
        return (sums[:, first, 1] - sums[:, second, 1]) / tokens

    finite = bool(np.isfinite(whole[0, [first, second], 1]).all())
    return PairedDifference(
        name=pair[0],
        other=pair[1],
        kld=_interval(kld(whole), kld(drawn)) if finite and whole[0, first, 2] else None,
        same_answer=_interval(same(whole), same(drawn)),
    )


def _interval(value: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(value[0]), float(low), float(high))
