"""Answers against the reference's, and two models on the same samples."""

from __future__ import annotations

import pytest

from medmo_evaluation.metrics.agreement import SampleAgreement, paired_differences, pairs_of, summarize_agreement


def answers(same: int, kld: float, count: int = 40) -> list[SampleAgreement]:
    """Return answers of which the first ``same`` agree; the KLD of a token grows with the sample."""
    return [SampleAgreement(place < same, kld * (1 + place), 1 + place % 3) for place in range(count)]


def test_the_share_of_equal_answers_has_an_interval() -> None:
    figures = summarize_agreement(answers(30, 0.0), seed=0)
    assert figures is not None
    assert (figures.samples, figures.same_answer.value) == (40, 0.75)
    assert 0.55 < figures.same_answer.low < 0.7 < 0.8 < figures.same_answer.high < 0.95
    assert summarize_agreement([], seed=0) is None


def test_a_pair_is_told_apart_where_single_intervals_overlap() -> None:
    models = {"one": answers(30, 0.01), "other": answers(26, 0.012)}
    single = [summarize_agreement(found, seed=0) for found in models.values()]
    assert single[0] is not None
    assert single[1] is not None
    assert single[0].same_answer.low < single[1].same_answer.high
    [pair] = paired_differences(models, [("one", "other")], seed=0)
    assert pair.same_answer.value == pytest.approx(0.1)
    assert pair.same_answer.low > 0
    assert pair.kld is not None
    tokens = sum(entry.tokens for entry in models["one"])
    assert pair.kld.value == pytest.approx(-0.002 * sum(range(1, 41)) / tokens)
    assert pair.kld.high < 0


def test_an_infinite_kld_has_no_difference() -> None:
    broken = [SampleAgreement(False, float("inf"), 2)] * 3
    [pair] = paired_differences({"a": answers(3, 0.1, 3), "b": broken}, [("a", "b")], seed=0)
    assert pair.kld is None
    assert (pair.same_answer.value, pair.same_answer.low, pair.same_answer.high) == (1.0, 1.0, 1.0)
    assert paired_differences({}, [], seed=0) == ()


def test_artifacts_are_paired_with_each_other_and_with_controls() -> None:
    assert pairs_of(["a", "b"], ["c"]) == [("a", "b"), ("a", "c"), ("b", "c")]
