"""All shortcuts on one sheet."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from medmo_desktop.shell.actions import translated
from medmo_desktop.shell.shortcuts import COMMANDS, MENUS, ON_IMAGE, Command


class ShortcutSheet(QDialog):
    """Shows the table of commands that have keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard and mouse"))
        self.page = QTextBrowser()
        self.page.setAccessibleName(self.tr("Keyboard and mouse"))
        self.page.setHtml(self._html())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.page)
        layout.addWidget(buttons)
        self.resize(760, 640)

    def _html(self) -> str:
        blocks = [self._block(translated(menu), self._rows(menu)) for menu in MENUS]
        on_image = [(translated(what), translated(does)) for what, does in ON_IMAGE]
        blocks.append(self._block(self.tr("On the image"), on_image))
        half = (len(blocks) + 1) // 2
        columns = "".join(
            f"<td valign='top' width='50%'>{''.join(part)}</td>" for part in (blocks[:half], blocks[half:])
        )
        return f"<table width='100%' cellspacing='12'><tr>{columns}</tr></table>"

    def _rows(self, menu: str) -> list[tuple[str, str]]:
        return [
            (_keys(one), translated(one.text).replace("&", "")) for one in COMMANDS if one.menu == menu and one.keys
        ]

    def _block(self, title: str, rows: list[tuple[str, str]]) -> str:
        lines = "".join(f"<tr><td><b>{keys}</b>&nbsp;&nbsp;</td><td>{text}</td></tr>" for keys, text in rows)
        return f"<h3>{title}</h3><table>{lines}</table>"


def _keys(one: Command) -> str:
    """Return a command's keys as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in one.keys)
