"""F1 and mean IoU of predicted boxes over images, with bootstrap intervals over images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.boxes import LabelledBox, match_boxes
from medmo_evaluation.metrics.intervals import Interval, bootstrap, bootstrap_mean, bootstrap_ratio, divide


@dataclass(frozen=True)
class ImageScore:
    """Counts of one image at an IoU threshold.

    Attributes
    ----------
    true_positives, predicted, true : int
    matched_ious : tuple of float
        Of every matched pair, also of those under the threshold.
    """

    true_positives: int
    predicted: int
    true: int
    matched_ious: tuple[float, ...]


def score_image(predicted: Sequence[LabelledBox], true: Sequence[LabelledBox], threshold: float = 0.5) -> ImageScore:
    """Match the boxes of one image and count those with an IoU of at least ``threshold``."""
    ious = tuple(match.iou for match in match_boxes(predicted, true))
    return ImageScore(sum(iou >= threshold for iou in ious), len(predicted), len(true), ious)


def f1(scores: Sequence[ImageScore]) -> float:
    """Return 2 TP / (2 TP + FP + FN) over all images; 1.0 if there was nothing to find or to say."""
    counts = _counts(scores)
    return float(_f1(counts.sum(axis=0)))


def mean_iou(scores: Sequence[ImageScore]) -> float:
    """Return the mean IoU over all matched pairs; 0.0 if there is none."""
    ious = [iou for score in scores for iou in score.matched_ious]
    return float(np.mean(ious)) if ious else 0.0


def f1_interval(scores: Sequence[ImageScore], seed: int = 0) -> Interval:
    """Return `f1` with its bootstrap interval."""
    return bootstrap(_counts(scores), lambda counts: _f1(counts.sum(axis=-2)), seed)


def mean_iou_interval(scores: Sequence[ImageScore], seed: int = 0) -> Interval:
    """Return `mean_iou` with its bootstrap interval."""
    sums = np.array([[sum(s.matched_ious), len(s.matched_ious)] for s in scores], dtype=float).reshape(-1, 2)
    return bootstrap_ratio(sums, seed)


def accuracy_interval(correct: Sequence[bool], seed: int = 0) -> Interval:
    """Return the share of correct answers with its bootstrap interval."""
    return bootstrap_mean(np.asarray(correct, dtype=float), seed)


def _counts(scores: Sequence[ImageScore]) -> NDArray[np.float64]:
    return np.array([[s.true_positives, s.predicted, s.true] for s in scores], dtype=float).reshape(-1, 3)


def _f1(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """2 TP / (predicted + true), which equals 2 TP / (2 TP + FP + FN)."""
    return divide(2 * totals[..., 0], totals[..., 1] + totals[..., 2], 1.0)
