"""Two answers in figures, as rows of a table. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from medmo_desktop.comparing.boxes import CHANGES, BoxComparison, boxes_of, compare_boxes
from medmo_desktop.comparing.noise import judge_drift
from medmo_desktop.comparing.sides import SideAnswer
from medmo_runtime.answer import AnswerStats
from medmo_runtime.memory import readable_bytes


@dataclass(frozen=True)
class SummaryRow:
    """One figure of both answers; ``change`` is the second over the first in words, empty where that says nothing."""

    what: str
    first: str
    second: str
    change: str = ""


def summarize(
    first: SideAnswer, second: SideAnswer, boxes: BoxComparison, same_words: float | None
) -> list[SummaryRow]:
    """Return what both are, what they cost, and how far they agree.

    ``peak memory`` is of the whole process on a CPU and of the device on a GPU; each model ran in a process of its own.
    """
    one, other = first.answer, second.answer
    rows = [
        SummaryRow("model", _name(first), _name(second)),
        SummaryRow("method", one.artifact.method, other.artifact.method),
        SummaryRow("bits per weight", f"{one.artifact.bits_per_weight:.2f}", f"{other.artifact.bits_per_weight:.2f}"),
        SummaryRow("backend", _backend(first), _backend(second)),
    ]
    for title, unit, value in _COSTS:
        a, b = value(one.stats), value(other.stats)
        rows.append(SummaryRow(title, _figure(a, unit), _figure(b, unit), _ratio(a, b)))
    rows.append(SummaryRow("ended by", one.stats.finish_reason, other.stats.finish_reason))
    rows += _agreement(boxes, same_words)
    if one.image is not None and first.again is not None:
        floor = compare_boxes(boxes_of(one), boxes_of(first.again), (one.image.width, one.image.height))
        rows.append(SummaryRow("noise", "", "", judge_drift(boxes, floor).words))
    return rows


def _agreement(boxes: BoxComparison, same_words: float | None) -> list[SummaryRow]:
    pairs = sum(row.iou is not None for row in boxes)
    lost, new = boxes.count("lost"), boxes.count("new")
    shifts = [row.corner_shift for row in boxes if row.corner_shift is not None]
    changes = ", ".join(f"{boxes.count(change)} {change}" for change in CHANGES)
    rows = [
        SummaryRow("boxes", str(pairs + lost), str(pairs + new), f"{new - lost:+d}" if new != lost else "same number"),
        SummaryRow("box changes", "", "", changes),
    ]
    if boxes.mean_iou is not None:
        words = f"mean IoU {boxes.mean_iou:.3f}, corners {sum(shifts) / len(shifts):.1f} px apart"
        rows.append(SummaryRow("pairs of boxes", "", "", words))
    rows.append(SummaryRow("same words", "", "", "-" if same_words is None else f"{same_words:.1%}"))
    return rows


_SMALL_RATIO = 0.1
#: Title, unit and value of each cost.
_COSTS: tuple[tuple[str, str, Callable[[AnswerStats], float | None]], ...] = (
    ("load", "s", lambda stats: stats.load_s),
    ("vision", "s", lambda stats: stats.vision_s),
    ("prefill", "s", lambda stats: stats.prefill_s),
    ("decoding", "tokens/s", lambda stats: stats.decode_tokens_per_s),
    ("new tokens", "", lambda stats: float(stats.new_tokens)),
    ("peak memory", "B", lambda stats: float(stats.peak_memory_bytes)),
)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "B":
        return readable_bytes(int(value))
    return f"{value:.2f} s" if unit == "s" else f"{value:.0f} {unit}".strip()


def _ratio(first: float | None, second: float | None) -> str:
    if not first or second is None:
        return ""
    ratio = second / first
    return f"{ratio:.2f} times" if ratio >= _SMALL_RATIO else f"{ratio:.2g} times"


def _name(side: SideAnswer) -> str:
    return side.side.title


def _backend(side: SideAnswer) -> str:
    backend = side.answer.backend
    return f"{backend.name}/{backend.device}, {side.opened.dtype}"
