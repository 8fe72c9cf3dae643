"""The verdict in words: is it the same, what is lost, is it broken."""

from __future__ import annotations

from collections.abc import Sequence

from medmo_evaluation.compare.summary import AccuracyFigures, ComparisonRow, RowKind, RowVerdict, TokenFigures
from medmo_evaluation.compare.weight_check import LayerError
from medmo_evaluation.metrics.intervals import Interval

#: Published 4-bit exports of sound quantizers lie far below: Llama-3-8B Q4_K_M has a mean KLD of 0.031 and
#: Q2_K, which readers notice, about 0.4 (llama.cpp's table). Above this no model is merely quantized.
BROKEN_KLD = 0.5
#: Same top-1 of a sound 4-bit export is above 0.9 (Q4_K_M: 0.92, Q2_K: 0.74, the same table).
BROKEN_TOP1 = 0.6
#: Beyond what Llama-3-8B loses as Q4_K_M (0.031 and 0.92 in the same table), which is in common use, the change of
#: distributions is called clear whatever the answers do.
CLEAR_KLD = 0.05
CLEAR_TOP1 = 0.92
#: A sound 4-bit export is no further from the reference than plain rounding to 4 bits is; this many times as far is
#: something else than quantization. (On the embedded model GPTQ has a quarter of plain rounding's KLD; without
#: DeepStack it has 62 times as much, with the image's rows and columns exchanged 50 times.)
BROKEN_FACTOR = 10.0
#: A loss in F1 or accuracy of this much that the interval shows is called broken.
BROKEN_LOSS = 0.3
#: Drift within this factor of the noise floor is noise.
NOISE_FACTOR = 3.0


def judge_row(
    kind: RowKind,
    tokens: TokenFigures | None,
    f1_difference: Interval | None,
    accuracies: Sequence[AccuracyFigures],
    *,
    noise: TokenFigures | None = None,
    yardstick: TokenFigures | None = None,
    damaged: Sequence[LayerError] = (),
) -> RowVerdict:
    """Judge one model against the reference.

    Parameters
    ----------
    kind : str
    tokens, f1_difference, accuracies
        The row's figures.
    noise : TokenFigures, optional
        Of the reference computed another way.
    yardstick : TokenFigures, optional
        Of the reference plainly rounded to 4 bits.
    damaged : sequence of LayerError
        Layers whose weights are not the reference's.
    """
    if kind == "reference":
        return RowVerdict("same", "what the others are compared with")
    if tokens is None:
        return RowVerdict("broken", "it gave no figure to compare")
    if kind == "noise":
        floor = f"mean KLD {tokens.kld_mean.value:.2g}, same top token {tokens.top1.value:.1%}"
        return RowVerdict("same", f"the noise floor, what 16-bit computing alone changes: {floor}")
    accuracy = next((group.difference for group in accuracies if group.group == "all"), None)
    losses = [("F1@0.5", f1_difference), ("accuracy", accuracy)]
    facts = f"mean KLD {tokens.kld_mean.value:.2g}, same top token {tokens.top1.value:.1%}"
    shown = [f"{name} {change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]" for name, change in losses if change]
    text = "; ".join([facts, *shown])
    if damaged:
        worst = max(damaged, key=lambda layer: layer.error)
        return RowVerdict(
            "broken",
            f"weights are not the reference's in {_layers(len(damaged))}, the worst {worst.layer} (off by "
            f"{worst.error:.0%} where rounding gives {worst.rounding:.0%}): {text}",
        )
    worst_loss = min((change.high for _, change in losses if change), default=0.0)
    if (
        kind == "artifact"
        and yardstick is not None
        and tokens.kld_mean.value > BROKEN_FACTOR * yardstick.kld_mean.value
    ):
        ratio = tokens.kld_mean.value / max(yardstick.kld_mean.value, 1e-12)
        return RowVerdict("broken", f"{ratio:.0f} times as far from the reference as plain rounding to 4 bits: {text}")
    if tokens.kld_mean.value >= BROKEN_KLD or tokens.top1.value <= BROKEN_TOP1 or worst_loss <= -BROKEN_LOSS:
        return RowVerdict("broken", f"not the same model any more: {text}")
    lost = [name for name, change in losses if change and change.high < 0]
    if lost or tokens.kld_mean.value >= CLEAR_KLD or tokens.top1.value <= CLEAR_TOP1:
        what = f"a loss in {' and '.join(lost)} that the interval shows" if lost else "clearly other distributions"
        return RowVerdict("clear", f"{what}: {text}")
    if noise is not None and tokens.kld_mean.value <= NOISE_FACTOR * noise.kld_mean.value:
        return RowVerdict("same", f"within the noise of computing in 16 bits: {text}")
    return RowVerdict("small", f"a small change, and no loss in answers that these data show: {text}")


def _layers(count: int) -> str:
    return "one layer" if count == 1 else f"{count} layers"


def judge_comparison(rows: Sequence[ComparisonRow]) -> str:
    """Say which artifact to use, what it costs, what is broken, and what the data cannot tell."""
    artifacts = [row for row in rows if row.kind == "artifact"]
    broken = [row.name for row in artifacts if row.verdict.level == "broken"]
    sound = [row for row in artifacts if row.verdict.level != "broken" and row.tokens is not None]
    sentences = []
    if sound:
        order = {"same": 0, "small": 1, "clear": 2}
        best = min(sound, key=lambda row: (order[row.verdict.level], row.tokens.kld_mean.value if row.tokens else 0.0))
        bits = "" if best.cost.bits_per_weight is None else f" ({best.cost.bits_per_weight:.2f} bits per weight)"
        if best.verdict.level == "clear":
            sentences.append(f"None comes through without a loss. {best.name}{bits} loses least: {best.verdict.text}.")
        else:
            sentences.append(f"Use {best.name}{bits}: {best.verdict.text}.")
        tied = [row.name for row in sound if row is not best and _overlaps(row, best)]
        if tied:
            sentences.append(f"These data do not tell its KLD from that of {', '.join(tied)}.")
    elif artifacts:
        sentences.append("None of the artifacts can be recommended.")
    if broken:
        sentences.append(f"Broken, do not use: {', '.join(broken)}.")
    missed = [row.name for row in rows if row.kind == "control" and "2 bit" in row.name and row.verdict.level == "same"]
    if missed:
        sentences.append(f"These data are too few or too easy: they do not even show the damage of {missed[0]}.")
    return " ".join(sentences) or "Only the reference was run."


def _overlaps(row: ComparisonRow, best: ComparisonRow) -> bool:
    if row.tokens is None or best.tokens is None:
        return False
    ours, theirs = row.tokens.kld_mean, best.tokens.kld_mean
    return ours.low <= theirs.high and theirs.low <= ours.high
