"""Writes the three files of a report: HTML for people, Markdown for notes, JSON for scripts."""

from __future__ import annotations

from pathlib import Path

from medmo_evaluation.compare.reference_store import written_beside
from medmo_evaluation.compare.sensitivity import SensitivityScan
from medmo_evaluation.compare.summary import Comparison
from medmo_evaluation.report.json_report import json_report
from medmo_evaluation.report.markdown import markdown_report
from medmo_evaluation.report.page import html_report
from medmo_models.errors import InputError


def write_report(
    comparison: Comparison, directory: Path, *, sort: str = "given", sensitivity: SensitivityScan | None = None
) -> tuple[Path, ...]:
    """Write ``index.html``, ``report.md`` and ``report.json``; each is replaced whole or not at all.

    Parameters
    ----------
    comparison : Comparison
    directory : Path
        Exists.
    sort : str
        What the table is sorted by at first: ``given``, ``kld``, ``f1``, ``accuracy``, ``size`` or ``speed``.
    sensitivity : SensitivityScan, optional

    Raises
    ------
    InputError
        If the directory cannot be written.
    """
    texts = {
        "index.html": html_report(comparison, sort, sensitivity),
        "report.md": markdown_report(comparison, sensitivity),
        "report.json": json_report(comparison, sensitivity),
    }
    paths = []
    for name, text in texts.items():
        path = directory / name
        try:
            with written_beside(path) as part:
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from error
        paths.append(path)
    return tuple(paths)
