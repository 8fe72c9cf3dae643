"""Light, dark, or as the system has it: Qt's own styles, no theme library."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from medmo_desktop.shell.settings import Theme

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Use a theme from now on, in windows that are open as well."""
    application.styleHints().setColorScheme(_SCHEMES[theme])


def prepare_style(application: QApplication) -> None:
    """Use the style that follows the colour scheme on every platform."""
    application.setStyle("Fusion")


def is_dark() -> bool:
    """Whether windows are dark now, as the palette has it: platforms without a scheme have a palette nevertheless."""
    palette = QGuiApplication.palette()
    return (
        palette.color(QPalette.ColorRole.Window).lightness() < palette.color(QPalette.ColorRole.WindowText).lightness()
    )
