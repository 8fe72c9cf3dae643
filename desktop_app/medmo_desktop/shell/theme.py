"""Light, dark, or as the system has it: Qt's own styles, no theme library."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from medmo_desktop.shell.settings import Theme

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Use a theme from now on, in windows that are open as well."""
    wanted = _SCHEMES[theme]
    hints = application.styleHints()
    hints.setColorScheme(wanted)
    if wanted == Qt.ColorScheme.Dark and hints.colorScheme() != wanted:
        application.setPalette(dark_palette())  # a platform without schemes, such as the one that draws into memory
    else:
        application.setPalette(application.style().standardPalette())


def dark_palette() -> QPalette:
    """Return dark colours; text has at least 4.5 times the luminance of its ground (WCAG 2.2, 1.4.3)."""
    palette = QPalette(QColor(50, 50, 50))
    light, grey, ground, accent = QColor(240, 240, 240), QColor(140, 140, 140), QColor(35, 35, 35), QColor(28, 105, 168)
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    for one in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.ToolTipText, role.BrightText):
        palette.setColor(one, light)
        palette.setColor(group.Disabled, one, grey)
    palette.setColor(role.Base, ground)
    palette.setColor(role.AlternateBase, QColor(43, 43, 43))
    palette.setColor(role.ToolTipBase, ground)
    palette.setColor(role.PlaceholderText, QColor(160, 160, 160))
    palette.setColor(role.Highlight, accent)
    palette.setColor(role.Link, QColor(110, 180, 240))
    return palette


def prepare_style(application: QApplication) -> None:
    """Use the style that follows the colour scheme on every platform."""
    application.setStyle("Fusion")


def is_dark() -> bool:
    """Whether windows are dark now, as the palette has it: platforms without a scheme have a palette nevertheless."""
    palette = QGuiApplication.palette()
    return (
        palette.color(QPalette.ColorRole.Window).lightness() < palette.color(QPalette.ColorRole.WindowText).lightness()
    )
