"""The box figures of one model over all images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.boxes import LabelledBox, match_boxes
from medmo_evaluation.compare.summary import BoxFigures
from medmo_evaluation.metrics.box_metrics import (
    IOU_THRESHOLDS,
    Drift,
    ScoredBoxes,
    average_precision,
    box_drift,
)
from medmo_evaluation.metrics.intervals import Interval, bootstrap, bootstrap_mean, bootstrap_ratio, divide
from medmo_runtime.grounding.matching import box_giou


@dataclass(frozen=True)
class BoxAnswer:
    """One image's boxes, in pixels of it.

    Attributes
    ----------
    predicted : tuple of LabelledBox
    confidences : tuple of float or None
        One per predicted box; None where the model gave no probabilities.
    true : tuple of LabelledBox
    reference : tuple of LabelledBox
        What the full-precision model answered.
    as_pixels : tuple of LabelledBox
        The predicted boxes if their numbers are read as pixels of the image that the model saw.
    parse_failed : bool
        Whether the answer holds a malformed or truncated block.
    size : tuple of int
        Width and height.
    """

    predicted: tuple[LabelledBox, ...]
    confidences: tuple[float | None, ...]
    true: tuple[LabelledBox, ...]
    reference: tuple[LabelledBox, ...]
    as_pixels: tuple[LabelledBox, ...]
    parse_failed: bool
    size: tuple[int, int]


def summarize_boxes(answers: Sequence[BoxAnswer], seed: int, *, is_reference: bool) -> BoxFigures | None:
    """Summarize over images; None without any."""
    if not answers:
        return None
    drifts = [box_drift(answer.predicted, answer.reference, answer.size) for answer in answers]
    scored = all(c is not None for answer in answers for c in answer.confidences)
    ious, gious = _matched_overlaps(answers)
    shifts = [shift for drift in drifts for shift in drift.corner_shifts]
    matched = sum(drift.matched for drift in drifts)
    return BoxFigures(
        images=len(answers),
        f1_50=f1_at(answers, seed, (0.5,)),
        f1_50_95=f1_at(answers, seed, IOU_THRESHOLDS),
        mean_iou=bootstrap_ratio(ious, seed),
        mean_giou=bootstrap_ratio(gious, seed),
        ap_50_95=_average_precision(answers, scored),
        ap_scores="token probabilities" if scored else "all 1.0",
        f1_50_as_pixels=_f1(match_counts([a.as_pixels for a in answers], [a.true for a in answers], (0.5,))),
        parse_failures=sum(answer.parse_failed for answer in answers),
        count_difference=bootstrap_mean(
            np.array([len(a.predicted) - len(a.reference) for a in answers], dtype=np.float64), seed
        ),
        drift_iou=None if is_reference else _drift_iou(drifts, seed),
        matched=matched,
        moved=sum(len(drift.ious) for drift in drifts) - matched,
        lost=sum(drift.lost for drift in drifts),
        new=sum(drift.new for drift in drifts),
        corner_shift_px=float(np.mean(shifts)) if shifts else None,
    )


def f1_at(answers: Sequence[BoxAnswer], seed: int, thresholds: Sequence[float]) -> Interval:
    """Return F1 against the truth, its mean over IoU thresholds, with its bootstrap interval over images."""
    counts = match_counts([a.predicted for a in answers], [a.true for a in answers], thresholds)
    return bootstrap(counts, _f1_of_columns, seed)


def f1_difference(answers: Sequence[BoxAnswer], seed: int) -> Interval:
    """Return F1 at IoU 0.5 minus the reference's, resampling images for both at once."""
    true = [answer.true for answer in answers]
    ours = match_counts([answer.predicted for answer in answers], true, (0.5,))
    theirs = match_counts([answer.reference for answer in answers], true, (0.5,))

    def difference(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return _f1_of_columns(rows[..., :3]) - _f1_of_columns(rows[..., 3:])

    return bootstrap(np.hstack([ours, theirs]), difference, seed)


def match_counts(
    predicted: Sequence[Sequence[LabelledBox]], true: Sequence[Sequence[LabelledBox]], thresholds: Sequence[float]
) -> NDArray[np.float64]:
    """Return per image the boxes predicted, the true ones, and the true positives at each threshold."""
    rows = []
    for found, expected in zip(predicted, true, strict=True):
        ious = np.array([match.iou for match in match_boxes(found, expected)])
        rows.append([len(found), len(expected), *(int((ious >= threshold).sum()) for threshold in thresholds)])
    return np.asarray(rows, dtype=np.float64)


def _f1_of_columns(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = rows.sum(axis=-2)
    boxes = totals[..., :1] + totals[..., 1:2]
    both = np.broadcast_to(boxes, totals[..., 2:].shape)
    mean: NDArray[np.float64] = divide(2 * totals[..., 2:], np.ascontiguousarray(both), 1.0).mean(axis=-1)
    return mean


def _f1(counts: NDArray[np.float64]) -> float:
    return float(_f1_of_columns(counts))


def _matched_overlaps(answers: Sequence[BoxAnswer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum and count per image of IoU and of GIoU over boxes matched with true ones."""
    ious, gious = [], []
    for answer in answers:
        matches = match_boxes(answer.predicted, answer.true)
        pairs = [(answer.predicted[m.predicted].box, answer.true[m.true].box) for m in matches]
        ious.append([sum(match.iou for match in matches), len(matches)])
        gious.append([sum(float(box_giou([first], [second])[0, 0]) for first, second in pairs), len(pairs)])
    return np.asarray(ious, dtype=np.float64), np.asarray(gious, dtype=np.float64)


def _average_precision(answers: Sequence[BoxAnswer], scored: bool) -> float | None:
    return average_precision(
        [
            ScoredBoxes(
                answer.predicted,
                tuple(1.0 if not scored or c is None else c for c in answer.confidences),
                answer.true,
            )
            for answer in answers
        ]
    )


def _drift_iou(drifts: Sequence[Drift], seed: int) -> Interval | None:
    sums = np.array([[sum(drift.ious), len(drift.ious)] for drift in drifts], dtype=np.float64)
    return bootstrap_ratio(sums, seed) if sums[:, 1].any() else None
