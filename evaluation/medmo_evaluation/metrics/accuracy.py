"""Accuracy on closed and choice questions, paired with the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medmo_evaluation.compare.summary import AccuracyFigures
from medmo_evaluation.metrics.intervals import bootstrap, bootstrap_mean, mcnemar_p


@dataclass(frozen=True)
class ClosedAnswer:
    """One question: the groups that it counts in, whether model and reference are right, and whether they differ."""

    groups: tuple[str, ...]
    correct: bool
    reference_correct: bool
    changed: bool


def summarize_accuracy(answers: Sequence[ClosedAnswer], seed: int) -> tuple[AccuracyFigures, ...]:
    """Return the figures of every group: the first of each answer's groups before the second, and so on."""
    depth = max((len(answer.groups) for answer in answers), default=0)
    listed = [answer.groups[place] for place in range(depth) for answer in answers if place < len(answer.groups)]
    groups = list(dict.fromkeys(listed))
    return tuple(_group(group, [a for a in answers if group in a.groups], seed) for group in groups)


def _group(group: str, answers: Sequence[ClosedAnswer], seed: int) -> AccuracyFigures:
    both = np.array([[a.correct, a.reference_correct] for a in answers], dtype=np.float64)
    lost = sum(a.reference_correct and not a.correct for a in answers)
    won = sum(a.correct and not a.reference_correct for a in answers)
    return AccuracyFigures(
        group=group,
        questions=len(answers),
        accuracy=bootstrap_mean(both[:, 0], seed),
        difference=bootstrap(both, lambda rows: rows[..., 0].mean(axis=-1) - rows[..., 1].mean(axis=-1), seed),
        right_to_wrong=lost,
        wrong_to_right=won,
        changed_answers=sum(a.changed for a in answers),
        mcnemar_p=mcnemar_p(lost, won),
    )
