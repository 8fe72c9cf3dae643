"""Writes the three files of a report."""

from __future__ import annotations

from pathlib import Path

from medmo_evaluation.compare.sensitivity import SensitivityScan
from medmo_evaluation.compare.summary import Comparison


def write_report(
    comparison: Comparison, directory: Path, *, sort: str = "given", sensitivity: SensitivityScan | None = None
) -> tuple[Path, ...]:
    return ()
