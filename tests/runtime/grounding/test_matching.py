"""The assignment against scipy's, and pairs by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from medmo_runtime.grounding.matching import LabelledBox, assign, pair_boxes

costs = st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-50, 10**6).map(float))
)


@settings(max_examples=200, deadline=None)
@given(costs)
def test_the_assignment_costs_as_little_as_scipys(cost: np.ndarray) -> None:
    pairs = assign(cost)
    rows, columns = linear_sum_assignment(cost)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs) == min(cost.shape)
    assert sum(cost[pair] for pair in pairs) == cost[rows, columns].sum()


def test_many_boxes_are_assigned_as_by_scipy() -> None:
    cost = np.random.default_rng(0).normal(size=(60, 80))
    rows, columns = linear_sum_assignment(cost)
    assert assign(cost) == list(zip(rows.tolist(), columns.tolist(), strict=True))


def test_a_pair_needs_one_label_and_some_overlap() -> None:
    one = LabelledBox("Mass", (0, 0, 20, 20))
    assert pair_boxes([one], [LabelledBox("cyst", (0, 0, 20, 20))], (100, 100)) == ()
    assert pair_boxes([one], [LabelledBox("mass", (30, 30, 40, 40))], (100, 100)) == ()
    assert pair_boxes([], [one], (100, 100)) == ()
    (pair,) = pair_boxes([one], [LabelledBox("mass", (3, 4, 23, 24))], (100, 100))
    assert pair.corner_shift == pytest.approx(5.0)
    assert pair.iou == pytest.approx(17 * 16 / (800 - 17 * 16))
