"""How figures are written for people."""

from __future__ import annotations

import math

from medmo_evaluation.compare.summary import AccuracyFigures, ComparisonRow
from medmo_evaluation.metrics.intervals import Interval

MISSING = "–"  # noqa: RUF001 - the dash that stands for no figure


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure with so many digits after the point; small ones with two significant digits."""
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return "∞"
    if value != 0 and abs(value) < 10**-digits:
        return f"{value:.1e}"
    return f"{value:.{digits}f}"


def significant(value: float | None) -> str:
    """Return a small figure with two significant digits."""
    if value is None or not math.isfinite(value):
        return number(value)
    return f"{value:.2g}"


def interval(figure: Interval | None, digits: int = 3) -> str:
    """Return ``value [low, high]``."""
    if figure is None:
        return MISSING
    return f"{number(figure.value, digits)} [{number(figure.low, digits)}, {number(figure.high, digits)}]"


def signed(figure: Interval | None) -> str:
    """Return a difference with its sign and interval."""
    if figure is None:
        return MISSING
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"


def percent(value: float | None) -> str:
    """Return a share as a percentage."""
    return MISSING if value is None else f"{100 * value:.1f} %"


def size(count: int | None) -> str:
    """Return bytes in powers of ten."""
    if count is None:
        return MISSING
    return f"{count / 1e9:.2f} GB" if count >= 10**9 else f"{count / 1e6:.1f} MB"


def milliseconds(figure: Interval | None) -> str:
    """Return seconds as milliseconds, from 10 s on as seconds."""
    if figure is None:
        return MISSING
    return f"{figure.value:.1f} s" if figure.value >= 10 else f"{1000 * figure.value:.1f} ms"


def all_questions(row: ComparisonRow) -> AccuracyFigures | None:
    """Return the accuracy over all closed questions."""
    return next((group for group in row.accuracies if group.group == "all"), None)
