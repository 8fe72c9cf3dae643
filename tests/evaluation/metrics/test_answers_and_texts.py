"""Accuracy, flips, McNemar and text metrics against scipy, sacrebleu, rouge-score and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from scipy.stats import binom

from medmo_evaluation.metrics.accuracy import ClosedAnswer, summarize_accuracy
from medmo_evaluation.metrics.intervals import bootstrap_mean, mcnemar_p
from medmo_evaluation.metrics.text_metrics import (
    TextAnswer,
    corpus_bleu,
    exact_match,
    normalize,
    rouge_l,
    summarize_texts,
    token_f1,
)


@given(lost=st.integers(0, 40), won=st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test_and_symmetric(lost: int, won: int) -> None:
    p = mcnemar_p(lost, won)
    assert p == pytest.approx(mcnemar_p(won, lost))
    if lost + won:
        tail = 2 * binom.cdf(min(lost, won), lost + won, 0.5)
        assert p == pytest.approx(min(1.0, tail if lost != won else 1.0))
    else:
        assert p == 1.0


def test_accuracy_and_flips_by_group() -> None:
    answers = [
        ClosedAnswer(("all", "side"), True, True, False),
        ClosedAnswer(("all", "side"), False, True, True),
        ClosedAnswer(("all", "count"), True, False, True),
        ClosedAnswer(("all", "count"), False, False, True),
    ]
    everything, side, count = summarize_accuracy(answers, seed=0)
    assert [figures.group for figures in (everything, side, count)] == ["all", "side", "count"]
    assert everything.accuracy.value == 0.5
    assert everything.difference.value == 0.0
    assert (everything.right_to_wrong, everything.wrong_to_right, everything.changed_answers) == (1, 1, 3)
    assert side.difference.value == -0.5
    assert count.difference.value == 0.5
    assert summarize_accuracy([], seed=0) == ()


def test_large_sets_are_resampled_in_bounded_memory() -> None:
    values = np.random.default_rng(0).random(50_000)
    interval = bootstrap_mean(values[:20_000], seed=1)
    expected = 1.96 * values[:20_000].std() / np.sqrt(20_000)
    assert interval.high - interval.low == pytest.approx(2 * expected, rel=0.1)


TEXTS = [
    ("Findings: one nodule. Impression: abnormal.", "Findings: a nodule. Impression: abnormal."),
    ("There is no pleural effusion or pneumothorax", "No effusion. No pneumothorax is seen."),
    ("normal", "abnormal"),
    ("the heart is enlarged", "the heart is enlarged"),
]


@pytest.mark.parametrize(("text", "true"), TEXTS)
def test_rouge_l_is_googles(text: str, true: str) -> None:
    expected = RougeScorer(["rougeL"]).score(true, text)["rougeL"].fmeasure
    assert rouge_l(text, true) == pytest.approx(expected)


@given(st.text(max_size=40), st.text(max_size=40))
def test_text_figures_stay_between_nothing_and_one(text: str, true: str) -> None:
    for metric in (token_f1, rouge_l):
        assert 0.0 <= metric(text, true) <= 1.0
        assert metric(text, true) == pytest.approx(metric(true, text))
    assert exact_match(text, text)
    assert token_f1(text, text) == 1.0


def test_squads_normalization_and_f1_by_hand() -> None:
    assert normalize("The  Left, lower lobe!") == "left lower lobe"
    assert token_f1("left lower lobe", "the lower lobe") == pytest.approx(0.8)
    assert token_f1("x", "") == 0.0


def test_texts_are_grouped() -> None:
    answers = [TextAnswer("report", *pair) for pair in TEXTS[:2]] + [TextAnswer("open", *TEXTS[3])]
    report, opened = summarize_texts(answers, seed=0)
    assert (report.group, report.samples, opened.group) == ("report", 2, "open")
    assert opened.exact_match.value == opened.rouge_l.value == opened.token_f1.value == 1.0
    assert opened.bleu == pytest.approx(100.0)
    assert 0 < report.bleu < 100
    assert corpus_bleu(["a b c d"], ["w x y z"]) < 1
