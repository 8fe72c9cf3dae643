"""Tables of detail below the main one, once for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medmo_evaluation.compare.summary import Comparison, ComparisonRow, PairedDifference
from medmo_evaluation.metrics.intervals import Interval
from medmo_evaluation.report.figures import MISSING, interval, number, percent, signed, significant


@dataclass(frozen=True)
class Section:
    """A titled table; ``cells`` has one tuple of texts per line, the first its heading."""

    title: str
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


def detail_sections(comparison: Comparison) -> list[Section]:
    """Return the tables that have a line."""
    made = [
        _pairs(comparison.pairs),
        _tokens(comparison.rows),
        _boxes(comparison.rows),
        _drift(comparison.rows),
        _accuracies(comparison.rows),
        _texts(comparison.rows),
    ]
    return [section for section in made if section.cells]


def _tokens(rows: Sequence[ComparisonRow]) -> Section:
    names = ("50", "90", "95", "99", "99.9", "max")
    return Section(
        "Distributions in detail",
        ("model", "tokens", *(f"KLD {name}{'' if name == 'max' else ' %'}" for name in names), "Δp mean", "Δp RMS"),
        tuple(
            (
                row.name,
                str(row.tokens.tokens),
                *(significant(row.tokens.kld_percentiles[name]) for name in names),
                percent(row.tokens.delta_p_mean),
                percent(row.tokens.delta_p_rms),
            )
            for row in rows
            if row.tokens is not None
        ),
    )


def _pairs(pairs: Sequence[PairedDifference]) -> Section:
    return Section(
        "Two models on the same samples",
        ("model", "less", "KLD, difference", "same answers, difference"),
        tuple((pair.name, pair.other, _difference(pair.kld), signed(pair.same_answer)) for pair in pairs),
    )


def _difference(figure: Interval | None) -> str:
    if figure is None:
        return MISSING
    return f"{figure.value:+.2g} [{figure.low:+.2g}, {figure.high:+.2g}]"


def _boxes(rows: Sequence[ComparisonRow]) -> Section:
    return Section(
        "Boxes against the truth in detail",
        ("model", "images", "F1@[.5:.95]", "mean GIoU", "AP@[.5:.95]", "AP's scores", "F1@0.5 if pixels", "unreadable"),
        tuple(
            (
                row.name,
                str(row.boxes.images),
                interval(row.boxes.f1_50_95),
                interval(row.boxes.mean_giou),
                number(row.boxes.ap_50_95),
                row.boxes.ap_scores,
                number(row.boxes.f1_50_as_pixels),
                str(row.boxes.parse_failures),
            )
            for row in rows
            if row.boxes is not None
        ),
    )


def _drift(rows: Sequence[ComparisonRow]) -> Section:
    return Section(
        "Boxes against the reference's in detail",
        ("model", "mean IoU", "corner shift", "matched", "moved", "lost", "new", "boxes per image, change"),
        tuple(
            (
                row.name,
                interval(row.boxes.drift_iou),
                MISSING if row.boxes.corner_shift_px is None else f"{row.boxes.corner_shift_px:.1f} px",
                str(row.boxes.matched),
                str(row.boxes.moved),
                str(row.boxes.lost),
                str(row.boxes.new),
                signed(row.boxes.count_difference),
            )
            for row in rows
            if row.boxes is not None and row.kind != "reference"
        ),
    )


def _accuracies(rows: Sequence[ComparisonRow]) -> Section:
    return Section(
        "Closed and multiple-choice questions in detail",
        ("model", "group", "questions", "accuracy", "change", "lost", "won", "other answers", "McNemar p"),
        tuple(
            (
                row.name,
                group.group,
                str(group.questions),
                interval(group.accuracy),
                signed(group.difference),
                str(group.right_to_wrong),
                str(group.wrong_to_right),
                str(group.changed_answers),
                f"{group.mcnemar_p:.2g}",
            )
            for row in rows
            for group in row.accuracies
        ),
    )


def _texts(rows: Sequence[ComparisonRow]) -> Section:
    return Section(
        "Open answers and reports",
        ("model", "task", "samples", "BLEU", "ROUGE-L", "token F1", "exact match"),
        tuple(
            (
                row.name,
                group.group,
                str(group.samples),
                number(group.bleu, 1),
                interval(group.rouge_l),
                interval(group.token_f1),
                interval(group.exact_match),
            )
            for row in rows
            for group in row.texts
        ),
    )
