"""The words of a verdict, from made figures."""

from __future__ import annotations

import dataclasses

import pytest

from medmo_evaluation.compare.records import TokenRecord
from medmo_evaluation.compare.summary import ComparisonRow, CostFigures, RowKind, TokenFigures
from medmo_evaluation.compare.verdict import judge_comparison, judge_row
from medmo_evaluation.compare.weight_check import LayerError
from medmo_evaluation.metrics.intervals import Interval
from medmo_evaluation.metrics.token_summary import summarize_tokens


def tokens(kld: float, same: float = 1.0) -> TokenFigures:
    agree = tuple(index < round(100 * same) for index in range(100))
    figures = summarize_tokens([TokenRecord((kld,) * 100, (0.9,) * 100, (0.9,) * 100, (0.9,) * 100, agree)] * 3, seed=0)
    assert figures is not None
    return figures


def row(name: str, figures: TokenFigures, kind: RowKind = "artifact", **more: object) -> ComparisonRow:
    verdict = judge_row(kind, figures, None, (), **more)  # type: ignore[arg-type]
    cost = CostFigures(
        bytes=1,
        bits_per_weight=4.25,
        peak_memory_bytes=None,
        load_s=None,
        vision_s=None,
        prefill_s=None,
        decode_tokens_per_s=None,
    )
    return ComparisonRow(
        name=name,
        kind=kind,
        method="gptq",
        artifact_id=None,
        artifact_path=None,
        backend="gptq",
        device="cpu",
        dtype="float32",
        tokens=figures,
        boxes=None,
        f1_50_difference=None,
        accuracies=(),
        texts=(),
        cost=cost,
        verdict=verdict,
    )


@pytest.mark.parametrize(
    ("kld", "same", "level"),
    [
        (0.0001, 1.0, "same"),
        (0.001, 0.97, "small"),
        (0.001, 0.9, "clear"),
        (0.06, 0.97, "clear"),
        (0.6, 0.97, "broken"),
    ],
)
def test_levels_by_distribution_alone(kld: float, same: float, level: str) -> None:
    assert judge_row("artifact", tokens(kld, same), None, (), noise=tokens(0.0001)).level == level


def test_a_loss_that_the_interval_shows_is_clear_and_a_large_one_broken() -> None:
    figures = tokens(0.001)
    assert judge_row("artifact", figures, Interval(-0.05, -0.09, -0.01), ()).level == "clear"
    assert judge_row("artifact", figures, Interval(-0.05, -0.11, 0.01), ()).level == "small"
    assert judge_row("artifact", figures, Interval(-0.5, -0.6, -0.4), ()).level == "broken"
    assert judge_row("artifact", tokens(float("inf"), 0.0), None, ()).level == "broken"
    assert judge_row("artifact", None, None, ()).level == "broken"


def test_ten_times_plain_rounding_is_broken_but_not_for_controls() -> None:
    assert judge_row("artifact", tokens(0.011), None, (), yardstick=tokens(0.001)).level == "broken"
    assert judge_row("artifact", tokens(0.009), None, (), yardstick=tokens(0.001)).level == "small"
    assert judge_row("control", tokens(0.011), None, (), yardstick=tokens(0.001)).level == "small"


def test_damaged_weights_are_named() -> None:
    layer = LayerError("layers.3.mlp.up_proj", 0.4, 0.1)
    assert layer.is_damaged
    assert LayerError("x", float("nan"), 0.1).is_damaged
    assert not LayerError("x", 0.15, 0.1).is_damaged
    verdict = judge_row("artifact", tokens(0.0001), None, (), damaged=[layer])
    assert verdict.level == "broken"
    assert "layers.3.mlp.up_proj" in verdict.text


def test_the_whole_verdict_says_what_to_use_and_what_not() -> None:
    good, worse, bad = row("good", tokens(0.001)), row("worse", tokens(0.002)), row("bad", tokens(0.9))
    text = judge_comparison([bad, worse, good])
    assert text.startswith("Use good (4.25 bits per weight)")
    assert "do not use: bad" in text
    lossy = row("lossy", tokens(0.01, 0.9))
    assert judge_comparison([lossy]).startswith("None comes through without a loss. lossy")
    assert "None of the artifacts can be recommended." in judge_comparison([bad])
    twin = dataclasses.replace(good, name="twin")
    assert "do not tell its KLD from that of twin" in judge_comparison([good, twin])
