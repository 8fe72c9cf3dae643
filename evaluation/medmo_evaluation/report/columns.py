"""The columns of the table, once for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from medmo_evaluation.compare.summary import ComparisonRow
from medmo_evaluation.report.figures import (
    MISSING,
    all_questions,
    interval,
    milliseconds,
    number,
    percent,
    signed,
    significant,
    size,
)


@dataclass(frozen=True)
class Column:
    """A column: its title, what it means, its text, and the number that it is sorted by (None goes last)."""

    title: str
    meaning: str
    text: Callable[[ComparisonRow], str]
    order: Callable[[ComparisonRow], float | None]


def _kld(row: ComparisonRow) -> str:
    if row.tokens is None:
        return MISSING
    return f"{significant(row.tokens.kld_mean.value)} ± {significant(row.tokens.kld_standard_error)}"


def _flips(row: ComparisonRow) -> str:
    group = all_questions(row)
    if group is None or row.kind == "reference":
        return MISSING
    return f"{group.right_to_wrong} lost, {group.wrong_to_right} won, p = {group.mcnemar_p:.2g}"


def _accuracy(row: ComparisonRow) -> str:
    group = all_questions(row)
    return MISSING if group is None else interval(group.accuracy)


COLUMNS: tuple[Column, ...] = (
    Column(
        "bits",
        "stored bits per weight of the text layers",
        lambda row: number(row.cost.bits_per_weight, 2),
        lambda row: row.cost.bits_per_weight,
    ),
    Column("size", "all weights on disk", lambda row: size(row.cost.bytes), lambda row: row.cost.bytes),
    Column(
        "KLD",
        "mean divergence of next-token distributions from the reference's in nats, ± standard error; 0 is the same",
        _kld,
        lambda row: None if row.tokens is None else row.tokens.kld_mean.value,
    ),
    Column(
        "top-1",
        "share of tokens whose most probable token is the reference's",
        lambda row: percent(None if row.tokens is None else row.tokens.top1.value),
        lambda row: None if row.tokens is None else -row.tokens.top1.value,
    ),
    Column(
        "same answers",
        "share of answers that are the reference's, word for word",
        lambda row: interval(None if row.agreement is None else row.agreement.same_answer),
        lambda row: None if row.agreement is None else -row.agreement.same_answer.value,
    ),
    Column(
        "perplexity ratio",
        "perplexity on the reference's answers, divided by the reference's own; 1 is the same",
        lambda row: interval(None if row.tokens is None else row.tokens.perplexity_ratio),
        lambda row: None if row.tokens is None else row.tokens.perplexity_ratio.value,
    ),
    Column(
        "F1@0.5",
        "boxes against the truth at IoU 0.5",
        lambda row: interval(None if row.boxes is None else row.boxes.f1_50),
        lambda row: None if row.boxes is None else -row.boxes.f1_50.value,
    ),
    Column(
        "F1 change",
        "F1@0.5 minus the reference's, paired over images",
        lambda row: signed(row.f1_50_difference),
        lambda row: None if row.f1_50_difference is None else -row.f1_50_difference.value,
    ),
    Column(
        "mean IoU",
        "of boxes matched with true ones",
        lambda row: interval(None if row.boxes is None else row.boxes.mean_iou),
        lambda row: None if row.boxes is None else -row.boxes.mean_iou.value,
    ),
    Column(
        "accuracy",
        "closed and multiple-choice questions",
        _accuracy,
        lambda row: None if (group := all_questions(row)) is None else -group.accuracy.value,
    ),
    Column(
        "flips",
        "answers that became wrong or right; exact McNemar test",
        _flips,
        lambda row: None if (group := all_questions(row)) is None else group.right_to_wrong + group.wrong_to_right,
    ),
    Column(
        "memory",
        "highest memory of the process (CPU) or the device (GPU)",
        lambda row: size(row.cost.peak_memory_bytes),
        lambda row: row.cost.peak_memory_bytes,
    ),
    Column(
        "load",
        "seconds until the first question can be asked",
        lambda row: MISSING if row.cost.load_s is None else f"{row.cost.load_s:.2f} s",
        lambda row: row.cost.load_s,
    ),
    Column(
        "vision",
        "median time to encode an image",
        lambda row: milliseconds(row.cost.vision_s),
        lambda row: None if row.cost.vision_s is None else row.cost.vision_s.value,
    ),
    Column(
        "prefill",
        "median time to read the prompt",
        lambda row: milliseconds(row.cost.prefill_s),
        lambda row: None if row.cost.prefill_s is None else row.cost.prefill_s.value,
    ),
    Column(
        "tokens/s",
        "median decoding speed",
        lambda row: MISSING if row.cost.decode_tokens_per_s is None else f"{row.cost.decode_tokens_per_s.value:.0f}",
        lambda row: None if row.cost.decode_tokens_per_s is None else -row.cost.decode_tokens_per_s.value,
    ),
)
#: The column that ``--sort`` names.
SORT_COLUMNS = {"kld": "KLD", "f1": "F1@0.5", "accuracy": "accuracy", "size": "size", "speed": "tokens/s"}


def sorted_rows(rows: tuple[ComparisonRow, ...], sort: str) -> list[ComparisonRow]:
    """Return the rows in the order that ``--sort`` asks for; rows without the figure go last, the reference first."""
    if sort not in SORT_COLUMNS:
        return list(rows)
    column = next(column for column in COLUMNS if column.title == SORT_COLUMNS[sort])

    def place(row: ComparisonRow) -> tuple[bool, bool, float]:
        value = column.order(row)
        return row.kind != "reference", value is None, 0.0 if value is None else float(value)

    return sorted(rows, key=place)
