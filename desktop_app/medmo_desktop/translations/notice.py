"""The research notice in the user's language; exports always have it in English."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from medmo_runtime.overlay import RESEARCH_NOTICE


def research_notice() -> str:
    """Return the notice for the window."""
    return QCoreApplication.translate("Notice", RESEARCH_NOTICE)
