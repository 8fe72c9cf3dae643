"""The report as one HTML file that loads nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.compare.sensitivity import SensitivityScan
from medmo_evaluation.compare.summary import Comparison, WorstSample
from medmo_evaluation.report import figures
from medmo_evaluation.report.columns import COLUMNS, SORT_COLUMNS, sorted_rows
from medmo_evaluation.report.plots import plots
from medmo_evaluation.report.sections import detail_sections
from medmo_runtime.text_diff import word_diff

#: Kinds of boxes on a picture, in the order in which they are drawn.
_BOX_KINDS = ("true", "reference", "model")


@dataclass(frozen=True)
class _DrawnBox:
    kind: str
    label: str
    x: float
    y: float
    width: float
    height: float


def html_report(comparison: Comparison, sort: str, sensitivity: SensitivityScan | None) -> str:
    """Return the text of ``index.html``."""
    environment = Environment(
        loader=PackageLoader("medmo_evaluation.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"number": figures.number, "significant": figures.significant}
    return environment.get_template("report.html.j2").render(
        comparison=comparison,
        rows=sorted_rows(comparison.rows, sort),
        columns=COLUMNS,
        sorted_by=SORT_COLUMNS.get(sort),
        # matplotlib escapes the texts in its SVG itself.
        plots=[(title, Markup(svg)) for title, svg in plots(comparison)],  # noqa: S704
        worst=[
            (sample, _picture(sample), _drawn(sample), word_diff(sample.reference_text, sample.text))
            for sample in comparison.worst
        ],
        sections=detail_sections(comparison),
        sensitivity=sensitivity,
    )


def _picture(sample: WorstSample) -> str | None:
    if sample.picture is None or not sample.picture.is_file():
        return None
    return f"data:image/png;base64,{base64.b64encode(sample.picture.read_bytes()).decode('ascii')}"


def _drawn(sample: WorstSample) -> list[_DrawnBox]:
    groups: tuple[tuple[LabelledBox, ...], ...] = (sample.true_boxes, sample.reference_boxes, sample.boxes)
    return [
        _DrawnBox(kind, entry.label, x1, y1, max(x2 - x1, 0.0), max(y2 - y1, 0.0))
        for kind, boxes in zip(_BOX_KINDS, groups, strict=True)
        for entry in boxes
        for x1, y1, x2, y2 in [entry.box]
    ]
