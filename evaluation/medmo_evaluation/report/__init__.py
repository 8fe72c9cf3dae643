"""The report of a comparison as HTML, Markdown and JSON."""

from medmo_evaluation.report.write import write_report

__all__ = ["write_report"]
