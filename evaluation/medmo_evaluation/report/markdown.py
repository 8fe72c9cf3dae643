"""The report as Markdown, for notes and pull requests."""

from __future__ import annotations

from medmo_evaluation.compare.sensitivity import SensitivityScan
from medmo_evaluation.compare.summary import Comparison
from medmo_evaluation.report.columns import COLUMNS
from medmo_evaluation.report.figures import significant
from medmo_evaluation.report.sections import detail_sections


def markdown_report(comparison: Comparison, sensitivity: SensitivityScan | None) -> str:
    """Return the text of ``report.md``."""
    lines = [
        "# What quantization costs",
        "",
        _cell(comparison.verdict),
        "",
        "Research use only. Not for diagnosis.",
        "",
        f"{comparison.samples} samples of `{_cell(comparison.dataset)}`, {len(comparison.skipped)} left out.",
        "",
        f"| model | backend | {' | '.join(column.title for column in COLUMNS)} | verdict |",
        "|---|---|" + "---|" * (len(COLUMNS) + 1),
    ]
    for row in comparison.rows:
        cells = [_cell(row.name), f"{row.backend}/{row.device} {row.dtype}", *(column.text(row) for column in COLUMNS)]
        lines.append(f"| {' | '.join(cells)} | {row.verdict.level} |")
    lines += ["", "## Verdicts", ""]
    lines += [f"- **{_cell(row.name)}**: {row.verdict.level}; {_cell(row.verdict.text)}" for row in comparison.rows]
    for section in detail_sections(comparison):
        lines += ["", f"## {section.title}", ""]
        lines += [f"| {' | '.join(section.headings)} |", "|---" * len(section.headings) + "|"]
        lines += [f"| {' | '.join(_cell(cell) for cell in cells)} |" for cells in section.cells]
    if sensitivity is not None:
        lines += ["", "## Layers", "", f"{sensitivity.method}; {sensitivity.samples} samples.", ""]
        lines += ["| layer | mean KLD | proposed bits |", "|---|---|---|"]
        lines += [
            f"| `{layer.layer}` | {significant(layer.mean_kld)} | {layer.proposed_bits:g} |"
            for layer in sensitivity.layers
        ]
    if comparison.skipped:
        lines += ["", "## Left out", ""]
        lines += [f"- `{_cell(key)}`: {_cell(reason)}" for key, reason in comparison.skipped]
    lines += ["", "## How", ""]
    lines += [f"- {_cell(note)}" for note in comparison.notes]
    lines += [
        f"- {_cell(comparison.reference_cache)}",
        f"- Dataset SHA-256 `{comparison.dataset_sha256}`, metrics version {comparison.metrics_version}.",
        f"- {'; '.join(f'{key} {value}' for key, value in comparison.machine.items())}.",
        f"- {', '.join(f'{name} {version}' for name, version in comparison.tools.items())}.",
        f"- {comparison.created}: `{_cell(comparison.command)}`",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Keep a text in one cell of one line."""
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'")
