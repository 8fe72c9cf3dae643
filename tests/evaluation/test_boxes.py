"""Overlap against torchvision and a count of pixels; matching against every possible assignment."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from medmo_evaluation.boxes import FloatBox, LabelledBox, box_iou, match_boxes

GRID = 12
#: No time limit per example: the machine may be busy.
quick = settings(max_examples=60, deadline=None)


def make_box(corners: tuple[float, float, float, float]) -> FloatBox:
    xa, ya, xb, yb = corners
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def boxes_of(values: st.SearchStrategy[float]) -> st.SearchStrategy[FloatBox]:
    return st.tuples(values, values, values, values).map(make_box)


grid_boxes = boxes_of(st.integers(0, GRID).map(float))
#: Thousandths, as a pixel box of an answer has: fine enough to be awkward, coarse enough not to underflow.
real_boxes = boxes_of(st.integers(0, 4_000_000).map(lambda value: value / 1000))
labelled = st.lists(st.builds(LabelledBox, st.sampled_from(["Nodule", "Cyst"]), grid_boxes), max_size=4)


def pixels_inside(box: FloatBox) -> np.ndarray:
    x1, y1, x2, y2 = (int(value) for value in box)
    inside = np.zeros((GRID, GRID), dtype=bool)
    inside[y1:y2, x1:x2] = True
    return inside


@quick
@given(st.lists(grid_boxes, max_size=4), st.lists(grid_boxes, max_size=4))
def test_overlap_is_a_ratio_of_pixel_counts(first: list[FloatBox], second: list[FloatBox]) -> None:
    expected = np.zeros((len(first), len(second)))
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            a, b = pixels_inside(one), pixels_inside(other)
            expected[row, column] = (a & b).sum() / max(1, (a | b).sum())
    assert np.array_equal(box_iou(first, second), expected)


def test_overlap_equals_torchvisions() -> None:
    corners = np.random.default_rng(0).uniform(0, 4000, size=(2, 50, 2, 2))
    boxes = np.sort(corners, axis=2).reshape(2, 50, 4)
    ours = box_iou(boxes[0].tolist(), boxes[1].tolist())
    theirs = torchvision.ops.box_iou(*torch.from_numpy(boxes)).numpy()
    assert (theirs > 0).mean() > 0.2
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@quick
@given(real_boxes, real_boxes)
def test_overlap_is_symmetric_and_a_share(one: FloatBox, other: FloatBox) -> None:
    overlap = box_iou([one], [other])[0, 0]
    assert 0 <= overlap <= 1
    assert overlap == box_iou([other], [one])[0, 0]


@quick
@given(real_boxes)
def test_a_box_overlaps_itself_fully_unless_it_is_empty(box: FloatBox) -> None:
    has_area = box[0] < box[2] and box[1] < box[3]
    assert box_iou([box], [box])[0, 0] == float(has_area)


@quick
@given(
    grid_boxes,
    grid_boxes,
    st.floats(0.01, 100),
    st.floats(0.01, 100),
    st.floats(-1000, 1000),
    st.floats(-1000, 1000),
)
def test_overlap_depends_on_neither_unit_nor_origin(
    one: FloatBox, other: FloatBox, scale_x: float, scale_y: float, shift_x: float, shift_y: float
) -> None:
    def moved(box: FloatBox) -> FloatBox:
        x1, y1, x2, y2 = box
        return x1 * scale_x + shift_x, y1 * scale_y + shift_y, x2 * scale_x + shift_x, y2 * scale_y + shift_y

    # The shift costs up to five of a float's sixteen digits, and a touching edge may then overlap by a hair.
    assert box_iou([moved(one)], [moved(other)])[0, 0] == pytest.approx(box_iou([one], [other])[0, 0], abs=1e-8)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 3), (3, 0)])
def test_no_boxes_give_an_empty_matrix(first: int, second: int) -> None:
    assert box_iou([(0, 0, 1, 1)] * first, [(0, 0, 1, 1)] * second).shape == (first, second)


def best_sum(predicted: list[LabelledBox], true: list[LabelledBox]) -> float:
    """Return the largest summed overlap of all one-to-one assignments within labels, by trying each."""
    overlap = box_iou([entry.box for entry in predicted], [entry.box for entry in true])
    for row, one in enumerate(predicted):
        for column, other in enumerate(true):
            overlap[row, column] *= one.label == other.label
    if len(predicted) > len(true):
        overlap = overlap.T
    rows = range(overlap.shape[0])
    return max(sum(overlap[row, order[row]] for row in rows) for order in permutations(range(overlap.shape[1])))


@quick
@given(labelled, labelled)
def test_matching_is_one_to_one_within_labels_and_the_best(
    predicted: list[LabelledBox], true: list[LabelledBox]
) -> None:
    matches = match_boxes(predicted, true)
    assert len({match.predicted for match in matches}) == len(matches)
    assert len({match.true for match in matches}) == len(matches)
    for match in matches:
        one, other = predicted[match.predicted], true[match.true]
        assert one.label == other.label
        assert match.iou == box_iou([one.box], [other.box])[0, 0] > 0
    assert sum(match.iou for match in matches) == pytest.approx(best_sum(predicted, true))


def test_matching_gives_up_a_good_pair_for_a_better_sum() -> None:
    # Greedy would pair the middle box with the first true one (IoU 2/3) and leave the left one without a partner.
    true = [LabelledBox("Cyst", (0, 0, 10, 1)), LabelledBox("Cyst", (6, 0, 16, 1))]
    predicted = [LabelledBox("Cyst", (2, 0, 12, 1)), LabelledBox("Cyst", (0, 0, 6, 1))]
    pairs = {(match.predicted, match.true) for match in match_boxes(predicted, true)}
    assert pairs == {(0, 1), (1, 0)}


def test_labels_are_compared_without_case() -> None:
    (match,) = match_boxes([LabelledBox("NODULE", (0, 0, 2, 2))], [LabelledBox("nodule", (0, 0, 2, 2))])
    assert match.iou == 1
    assert match_boxes([LabelledBox("Nodules", (0, 0, 2, 2))], [LabelledBox("Nodule", (0, 0, 2, 2))]) == ()
