"""The window without a mouse."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from medmo_desktop.canvas.tools import Tool
from medmo_desktop.shell.main_window import MainWindow
from support.viewer import open_file


def test_a_box_is_drawn_from_the_menu_by_keys_and_the_status_bar_says_so(
    window: MainWindow, phantom: Path, qtbot: QtBot
) -> None:
    assert not window.actions_["draw-box"].isEnabled()
    open_file(qtbot, window, phantom)
    window.panel.prompt.edit.setFocus()
    window.actions_["draw-box"].trigger()
    canvas = window.series_view.canvas
    assert window.focusWidget() is canvas
    assert canvas.tool is Tool.DRAW_BOX
    assert window.actions_["tool-box"].isChecked()
    assert "Enter keeps it" in window.status.currentMessage()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert window.status.currentMessage().startswith("Box at ")
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert window.findings.model.rowCount() == 1
    assert window.board.boxes.boxes[0].origin == "user"
