"""Boxes against torchvision and pycocotools, by hand, and their invariants."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import generalized_box_iou

from medmo_evaluation.boxes import FloatBox, LabelledBox, box_iou
from medmo_evaluation.metrics.box_metrics import ScoredBoxes, average_precision, box_drift
from medmo_evaluation.metrics.box_summary import BoxAnswer, f1_difference, summarize_boxes
from medmo_runtime.grounding.matching import box_giou

SIZE = (100, 100)
corner = st.floats(0, 90, allow_nan=False)
side = st.floats(1, 60, allow_nan=False)
boxes = st.lists(st.builds(lambda x, y, w, h: (x, y, x + w, y + h), corner, corner, side, side), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(first=boxes, second=boxes)
def test_giou_is_torchvisions_symmetric_and_at_most_iou(first: list[FloatBox], second: list[FloatBox]) -> None:
    ours = box_giou(first, second)
    theirs = generalized_box_iou(torch.tensor(first, dtype=torch.float64), torch.tensor(second, dtype=torch.float64))
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    np.testing.assert_allclose(ours, box_giou(second, first).T, atol=1e-9)
    assert (ours <= box_iou(first, second) + 1e-9).all()
    assert (ours >= -1).all()


def labelled(*entries: tuple[str, float, float, float, float]) -> tuple[LabelledBox, ...]:
    return tuple(LabelledBox(label, (x1, y1, x2, y2)) for label, x1, y1, x2, y2 in entries)


def test_drift_tells_matched_moved_lost_and_new_boxes() -> None:
    reference = labelled(("mass", 0, 0, 20, 20), ("mass", 50, 50, 70, 70), ("cyst", 10, 60, 20, 70))
    model = labelled(("Mass", 0, 0, 20, 20), ("mass", 55, 50, 75, 70), ("mass", 10, 60, 20, 70))
    drift = box_drift(model, reference, SIZE)
    assert (drift.matched, len(drift.ious), drift.lost, drift.new) == (1, 2, 1, 1)
    assert sorted(drift.ious) == pytest.approx([0.6, 1.0])
    assert sorted(drift.corner_shifts) == pytest.approx([0.0, 5.0])
    assert box_drift((), reference, SIZE).lost == 3
    assert box_drift(model, (), SIZE).new == 3
    assert box_drift(reference, reference, SIZE).matched == 3


def test_boxes_are_paired_at_the_lowest_total_cost_in_any_order() -> None:
    reference = labelled(("a", 0, 0, 20, 20), ("a", 12, 0, 32, 20))
    model = labelled(("a", 10, 0, 30, 20), ("a", 1, 0, 21, 20))
    first, second = box_drift(model, reference, SIZE), box_drift(model[::-1], reference[::-1], SIZE)
    assert sorted(first.ious) == pytest.approx(sorted(second.ious))
    assert min(first.ious) > 0.8


def test_average_precision_by_hand() -> None:
    true = labelled(("a", 0, 0, 10, 10))
    assert average_precision([ScoredBoxes(true, (0.5,), true)]) == pytest.approx(1.0)
    wrong_first = (*labelled(("a", 50, 50, 60, 60)), *true)
    assert average_precision([ScoredBoxes(wrong_first, (0.9, 0.5), true)]) == pytest.approx(0.5)
    assert average_precision([ScoredBoxes(wrong_first, (0.4, 0.5), true)]) == pytest.approx(1.0)
    # IoU 0.81 passes seven of the ten thresholds, 0.5 to 0.8.
    assert average_precision([ScoredBoxes(labelled(("a", 0, 0, 9, 9)), (1.0,), true)]) == pytest.approx(0.7)
    assert average_precision([ScoredBoxes((), (), true)]) == 0.0
    assert average_precision([ScoredBoxes(true, (1.0,), ())]) is None


def answer(
    predicted: tuple[LabelledBox, ...],
    true: tuple[LabelledBox, ...],
    reference: tuple[LabelledBox, ...] = (),
    confidence: float | None = 0.5,
) -> BoxAnswer:
    return BoxAnswer(predicted, (confidence,) * len(predicted), true, reference, predicted, False, SIZE)


def test_the_summary_by_hand() -> None:
    one, other = labelled(("a", 0, 0, 10, 10)), labelled(("a", 50, 50, 60, 60))
    figures = summarize_boxes([answer(one, one, one), answer(one, other, other)], seed=0, is_reference=False)
    assert figures is not None
    assert figures.f1_50.value == 0.5
    assert figures.f1_50_95.value == 0.5
    assert (figures.f1_50.low, figures.f1_50.high) == (0.0, 1.0)
    assert figures.mean_iou.value == 1.0
    assert (figures.matched, figures.moved, figures.lost, figures.new) == (1, 0, 1, 1)
    assert figures.count_difference.value == 0.0
    assert figures.ap_scores == "token probabilities"
    unscored = summarize_boxes([answer(one, one, confidence=None)], seed=0, is_reference=True)
    assert unscored is not None
    assert unscored.ap_scores == "all 1.0"
    assert unscored.drift_iou is None
    assert summarize_boxes([], seed=0, is_reference=False) is None


def test_a_mean_over_thresholds_falls_between_them() -> None:
    true, near = labelled(("a", 0, 0, 10, 10)), labelled(("a", 0, 0, 10, 8))
    figures = summarize_boxes([answer(near, true)], seed=0, is_reference=False)
    assert figures is not None
    assert figures.f1_50.value == 1.0
    assert figures.f1_50_95.value == pytest.approx(0.7)  # IoU 0.8: seven of ten thresholds


def test_the_paired_difference_sees_what_two_intervals_would_not() -> None:
    true = labelled(("a", 0, 0, 10, 10))
    hard = labelled(("a", 70, 70, 80, 80))
    images = [answer((), true, true)] * 8 + [answer(hard, true, hard)] * 40 + [answer(true, true, true)] * 40
    difference = f1_difference(images, seed=0)
    assert difference.high < 0
    assert f1_difference([answer(true, true, true)] * 5, seed=0) == f1_difference(
        [answer(true, true, true)] * 5, seed=0
    )
    assert f1_difference([answer(true, true, true)] * 5, seed=0).value == 0.0
