"""Distribution figures against scipy, hand-computed cases and their invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr, softmax

from medmo_evaluation.compare.records import TokenRecord
from medmo_evaluation.metrics.token_metrics import compare_tokens, keep_distributions
from medmo_evaluation.metrics.token_summary import summarize_tokens


def random_logits(seed: int, tokens: int = 12, vocabulary: int = 50, spread: float = 3.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(tokens, vocabulary)) * spread).astype(np.float32)


def compared(p: np.ndarray, q: np.ndarray, kept: int | None = None) -> TokenRecord:
    return compare_tokens(keep_distributions(p, p.argmax(axis=-1), kept), q)


def test_the_figures_of_each_token_are_scipys() -> None:
    p, q = random_logits(0), random_logits(1)
    labels = np.arange(len(p))
    record = compare_tokens(keep_distributions(p, labels, None), q)
    own, other = softmax(p.astype(np.float64), axis=-1), softmax(q.astype(np.float64), axis=-1)
    np.testing.assert_allclose(record.kld, rel_entr(own, other).sum(axis=-1), rtol=1e-5)
    np.testing.assert_allclose(record.reference_probability, own[labels, labels], rtol=1e-5)
    np.testing.assert_allclose(record.probability, other[labels, labels], rtol=1e-5)
    np.testing.assert_allclose(record.reference_confidence, own.max(axis=-1), rtol=1e-5)
    assert list(record.same_top1) == list(own.argmax(axis=-1) == other.argmax(axis=-1))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 10), kept=st.sampled_from([None, 3, 20]))
def test_kld_is_never_negative_and_nothing_changes_under_a_shift(seed: int, scale: float, kept: int | None) -> None:
    p = random_logits(seed, spread=scale)
    q = random_logits(seed + 1, spread=scale)
    assert min(compared(p, q, kept).kld) >= 0.0
    same = compared(p, p + np.float32(2.0), kept)
    assert max(same.kld) < 1e-5
    assert all(same.same_top1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_kept_tokens_give_a_lower_bound_that_grows_to_the_whole(seed: int) -> None:
    p, q = random_logits(seed), random_logits(seed + 1)
    whole = np.array(compared(p, q).kld)
    bounds = [np.array(compared(p, q, kept).kld) for kept in (2, 10, 40, 50)]
    for smaller, larger in zip(bounds, [*bounds[1:], whole], strict=True):
        assert (smaller <= larger + 1e-5).all()
    np.testing.assert_allclose(bounds[-1], whole, atol=1e-6)


def test_an_unlikely_label_is_kept_too() -> None:
    p = random_logits(4)
    labels = p.argmin(axis=-1)
    kept = keep_distributions(p, labels, 3)
    assert kept.ids is not None
    assert (kept.ids == labels[:, None]).any(axis=-1).all()
    own = softmax(p.astype(np.float64), axis=-1)[np.arange(len(p)), labels]
    np.testing.assert_allclose(compare_tokens(kept, p).reference_probability, own, rtol=1e-5)


def test_values_that_are_no_numbers_are_infinitely_far() -> None:
    p, q = random_logits(0), random_logits(1)
    q[3, 3] = np.nan
    record = compared(p, q)
    assert set(record.kld) == {math.inf}
    figures = summarize_tokens([record], seed=0)
    assert figures is not None
    assert figures.kld_mean.value == math.inf
    assert figures.top1.value == 0.0


def record_of(klds: list[float], p: list[float], q: list[float], same: list[bool]) -> TokenRecord:
    return TokenRecord(tuple(klds), tuple(p), tuple(q), tuple(p), tuple(same))


def test_the_summary_by_hand() -> None:
    records = [
        record_of([0.0, 0.4], [0.9, 0.2], [0.9, 0.1], [True, False]),
        record_of([0.02, 0.08], [0.5, 0.99], [0.25, 0.99], [True, True]),
    ]
    figures = summarize_tokens(records, seed=0)
    assert figures is not None
    assert (figures.samples, figures.tokens) == (2, 4)
    assert figures.kld_mean.value == pytest.approx(0.125)
    assert figures.kld_standard_error == pytest.approx(np.std([0, 0.4, 0.02, 0.08], ddof=1) / 2)
    assert figures.kld_percentiles["50"] == pytest.approx(0.05)
    assert figures.kld_percentiles["max"] == 0.4
    assert figures.top1.value == 0.75
    assert figures.top1_standard_error == pytest.approx(math.sqrt(0.75 * 0.25 / 3))
    assert figures.delta_p_mean == pytest.approx((-0.1 - 0.25) / 4)
    assert figures.delta_p_rms == pytest.approx(math.sqrt((0.01 + 0.0625) / 4))
    assert figures.perplexity_ratio.value == pytest.approx(4 ** (1 / 4))  # two tokens of half the probability
    assert figures.perplexity_ratio.low < figures.perplexity_ratio.value < figures.perplexity_ratio.high
    assert [(b.tokens, b.mean_kld) for b in figures.kld_by_confidence] == [
        (1, 0.4),
        (0, None),
        (1, 0.02),
        (1, 0.0),
        (1, 0.08),
    ]
    assert sum(count for _, count in figures.kld_histogram) == 4
    assert dict(figures.kld_histogram)[-2.0] == 2
    assert summarize_tokens(records, seed=0) == figures


def test_no_tokens_give_no_figures() -> None:
    assert summarize_tokens([], seed=0) is None
    assert summarize_tokens([record_of([], [], [], [])], seed=0) is None
