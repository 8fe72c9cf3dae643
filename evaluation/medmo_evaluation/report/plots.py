"""The plots, as SVG that takes its text colour from the page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from medmo_evaluation.compare.summary import Comparison, ComparisonRow
from medmo_evaluation.metrics.intervals import Interval

#: Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8860B", "#7B68EE", "#888888", "#A0522D")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p", "h")
#: Colour and marker of each model by its name, the same in every plot.
Styles = Mapping[str, tuple[str, str]]
#: Stands for the page's text colour until the SVG is done.
_INK = "#123456"


def plots(comparison: Comparison) -> list[tuple[str, str]]:
    """Return title and SVG of every plot that the figures allow."""
    rows = [row for row in comparison.rows if row.kind != "noise"]
    styles = {
        row.name: (COLOURS[place % len(COLOURS)], _MARKERS[place % len(_MARKERS)])
        for place, row in enumerate(comparison.rows)
    }
    made = [
        ("Boxes against size", _scatter(rows, styles, "bits per weight", _bits, "F1@0.5", _f1)),
        (
            "Distributions against size",
            _scatter(rows, styles, "bits per weight", _bits, "mean KLD (nats)", _kld, log=True),
        ),
        ("Boxes against speed", _scatter(rows, styles, "tokens/s", _speed, "F1@0.5", _f1)),
        ("Distributions against speed", _scatter(rows, styles, "tokens/s", _speed, "mean KLD (nats)", _kld, log=True)),
        ("How the KLD is spread over tokens", _histogram(comparison.rows, styles)),
        ("KLD by the reference's confidence", _by_confidence(comparison.rows, styles)),
        ("Accuracy by task", _accuracies(comparison.rows, styles)),
        ("Boxes against the reference's", _drift(comparison.rows)),
    ]
    return [(title, svg) for title, svg in made if svg is not None]


def _bits(row: ComparisonRow) -> Interval | None:
    bits = row.cost.bits_per_weight
    return None if bits is None else Interval(bits, bits, bits)


def _speed(row: ComparisonRow) -> Interval | None:
    return row.cost.decode_tokens_per_s


def _f1(row: ComparisonRow) -> Interval | None:
    return None if row.boxes is None else row.boxes.f1_50


def _kld(row: ComparisonRow) -> Interval | None:
    if row.tokens is None or not math.isfinite(row.tokens.kld_mean.value):
        return None
    return row.tokens.kld_mean


def _axes(width: float = 5.6, height: float = 3.6) -> tuple[Any, Any]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 10, "svg.fonttype": "none"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(_INK)
    axes.tick_params(colors=_INK)
    axes.grid(True, color="#8888884d", linewidth=0.6)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(_INK)
    return figure, axes


def _svg(figure: Any, label: str) -> str:
    from matplotlib import rc_context

    for legend in [axes.get_legend() for axes in figure.axes] + list(figure.legends):
        if legend is not None:
            legend.get_frame().set_alpha(0)
            for text in legend.get_texts():
                text.set_color(_INK)
    buffer = io.StringIO()
    # The salt fixes the ids that matplotlib makes, so that the same figures give the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": re.sub(r"\W", "", label)}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    # Names of schemas are no links, but a reader who looks for links should find none.
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", text, count=1)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _scatter(
    rows: Sequence[ComparisonRow],
    styles: Styles,
    x_name: str,
    x_of: Callable[[ComparisonRow], Interval | None],
    y_name: str,
    y_of: Callable[[ComparisonRow], Interval | None],
    log: bool = False,
) -> str | None:
    found = [(row, x, y) for row in rows if (x := x_of(row)) is not None and (y := y_of(row)) is not None]
    if len(found) < 2:
        return None
    figure, axes = _axes(5.6, 4.2)
    for row, x, y in found:
        axes.errorbar(
            x.value,
            y.value,
            xerr=[[max(x.value - x.low, 0.0)], [max(x.high - x.value, 0.0)]],
            yerr=[[max(y.value - y.low, 0.0)], [max(y.high - y.value, 0.0)]],
            fmt=styles[row.name][1],
            color=styles[row.name][0],
            mfc="none" if row.kind == "control" else None,
            capsize=3,
            label=row.name,
        )
    axes.margins(0.12)
    if log and all(y.value > 0 for _, _, y in found):
        axes.set_yscale("log")
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return _svg(figure, f"{y_name} against {x_name}")


def _line(axes: Any, row: ComparisonRow, styles: Styles, x: Sequence[Any], y: Sequence[float]) -> None:
    colour, marker = styles[row.name]
    dashes = "--" if row.kind in ("control", "noise") else "-"
    axes.plot(x, y, marker=marker, color=colour, linestyle=dashes, markersize=4, label=row.name)


def _histogram(rows: Sequence[ComparisonRow], styles: Styles) -> str | None:
    found = [(row, row.tokens) for row in rows if row.tokens is not None]
    if not found:
        return None
    figure, axes = _axes(5.6, 4.2)
    for row, tokens in found:
        shares = [100 * count / max(tokens.tokens, 1) for _, count in tokens.kld_histogram]
        _line(axes, row, styles, [low for low, _ in tokens.kld_histogram], shares)
    axes.set_xlabel("KLD of a token, decade (−3: from 0.001 to 0.01 nats)")  # noqa: RUF001 - a minus sign
    axes.set_ylabel("% of tokens")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return _svg(figure, "share of tokens by decade of KLD")


def _by_confidence(rows: Sequence[ComparisonRow], styles: Styles) -> str | None:
    found = [(row, row.tokens) for row in rows if row.tokens is not None]
    if not found:
        return None
    figure, axes = _axes(5.6, 4.2)
    for row, tokens in found:
        bins = tokens.kld_by_confidence
        means = [b.mean_kld if b.mean_kld and math.isfinite(b.mean_kld) else math.nan for b in bins]
        _line(axes, row, styles, [f"{b.low:g} to {b.high:g}" for b in bins], means)
    axes.set_yscale("log")
    axes.set_xlabel("the reference's probability of its own token")
    axes.set_ylabel("mean KLD (nats)")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return _svg(figure, "mean KLD by confidence of the reference")


def _accuracies(rows: Sequence[ComparisonRow], styles: Styles) -> str | None:
    found = [row for row in rows if row.accuracies and row.kind != "noise"]
    groups = list(dict.fromkeys(group.group for row in found for group in row.accuracies))
    if not groups:
        return None
    figure, axes = _axes(5.6, 1.6 + 0.1 * len(groups) * (len(found) + 1) + 0.25 * len(found))
    height = 0.8 / len(found)
    for place, row in enumerate(found):
        by_group = {group.group: group for group in row.accuracies}
        places = [index + height * place for index in range(len(groups))]
        values = [by_group[name].accuracy for name in groups]
        axes.barh(
            places,
            [value.value for value in values],
            height,
            color=styles[row.name][0],
            xerr=[
                [max(value.value - value.low, 0.0) for value in values],
                [max(value.high - value.value, 0.0) for value in values],
            ],
            error_kw={"ecolor": _INK, "elinewidth": 0.8, "capsize": 1.5},
            label=row.name,
        )
    axes.set_yticks([index + 0.4 - height / 2 for index in range(len(groups))], groups)
    axes.set_ylim(len(groups) - 0.2 + height, -height)
    axes.set_xlabel("accuracy")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return _svg(figure, "accuracy by task and kind of image")


def _drift(rows: Sequence[ComparisonRow]) -> str | None:
    found = [row for row in rows if row.boxes is not None and row.kind != "reference"]
    if not found:
        return None
    figure, axes = _axes(5.6, 1.5 + 0.35 * len(found))
    left = [0.0] * len(found)
    for colour, kind in zip(
        ("#56B4E9", "#E69F00", "#D55E00", "#CC79A7"), ("matched", "moved", "lost", "new"), strict=True
    ):
        counts = [float(getattr(row.boxes, kind)) for row in found]
        axes.barh([row.name for row in found], counts, left=left, color=colour, label=kind)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("boxes (matched: IoU of at least 0.9)")
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return _svg(figure, "boxes matched, moved, lost and new against the reference")
