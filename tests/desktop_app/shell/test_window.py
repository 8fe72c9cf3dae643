"""The window around the parts: opening, names for screen readers, theme, network, first page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom.data
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDropEvent
from PySide6.QtWidgets import QApplication, QScrollBar, QWidget
from pytestqt.qtbot import QtBot

from medmo_desktop.shell.main_window import MainWindow
from medmo_desktop.shell.settings_dialog import SettingsDialog
from medmo_desktop.shell.theme import apply_theme, is_dark
from medmo_models.network_guard import NetworkBlockedError, guard
from medmo_runtime.overlay import RESEARCH_NOTICE
from support.viewer import open_file


def nameless(root: QWidget) -> list[str]:
    """Return the focusable controls that a screen reader would announce without a name."""
    found = []
    for widget in root.findChildren(QWidget):
        popup = widget.window() is not root.window()  # a combo box's list, which is announced as the box
        inside = popup or widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar)
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or inside or widget.focusProxy() is not None:
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is None or not interface.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parentWidget()).__name__}")
    return found


def test_every_control_has_a_name_and_every_button_says_what_it_does(window: MainWindow) -> None:
    assert nameless(window) == []
    assert nameless(SettingsDialog(window.settings, window)) == []


def test_the_notice_and_the_network_are_always_in_the_status_bar(window: MainWindow) -> None:
    assert window.status.notice.text() == RESEARCH_NOTICE
    assert window.status.notice.isVisible()
    assert window.status.network.text() == "Network: blocked (0 attempts)"


def test_an_attempt_is_refused_and_counted_and_the_setting_lets_it_pass(window: MainWindow, qtbot: QtBot) -> None:
    import socket

    before = window.network.attempts
    with pytest.raises(NetworkBlockedError):
        socket.getaddrinfo("192.0.2.1", 80)
    qtbot.waitUntil(lambda: str(before + 1) in window.status.network.text())
    assert window.status.network.text().startswith("Network: blocked")
    dialog = SettingsDialog(window.settings, window)
    dialog.network_box.setChecked(True)
    assert window.status.network.text() == "Network: ALLOWED"
    assert socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    dialog.network_box.setChecked(False)
    assert guard.blocking


def test_dropped_files_are_opened_and_come_back_as_recent(window: MainWindow, phantom: Path, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(phantom))])
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    assert window.pages.currentWidget() is window.first_page
    with qtbot.waitSignal(window.series_view.frame_changed, timeout=30_000):
        window.dropEvent(event)
    assert window.pages.currentWidget() is window.series_view
    assert window.series_view.frame is not None
    assert window.settings.recent == (str(phantom),)
    assert window.windowTitle().startswith("phantom.png")
    assert window.actions_["fit"].isEnabled()


def test_what_is_no_image_is_said_in_a_sentence(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("no image")
    with qtbot.waitSignal(window.opening.problems, timeout=30_000):
        window.opening.open([path])
    assert "letter.txt" in window.strip.label.text()
    assert window.pages.currentWidget() is window.first_page


def test_closing_the_last_series_brings_the_first_page_back(window: MainWindow, phantom: Path, qtbot: QtBot) -> None:
    open_file(qtbot, window, phantom)
    window.actions_["close-image"].trigger()
    assert window.pages.currentWidget() is window.first_page
    assert window.series_view.frame is None
    assert not window.actions_["fit"].isEnabled()
    assert window.panel.image is None


def test_tags_are_read_when_they_are_looked_at_and_can_be_searched(window: MainWindow, qtbot: QtBot) -> None:
    path = Path(str(pydicom.data.get_testdata_file("CT_small.dcm")))
    open_file(qtbot, window, path)
    window.actions_["show-tags"].trigger()
    qtbot.waitUntil(lambda: window.tags.tree.topLevelItemCount() > 50, timeout=10_000)
    window.tags.search_box.setText("rescale slope")
    assert window.tags.tree.topLevelItemCount() == 1
    assert window.tags.tree.topLevelItem(0).text(1) == "RescaleSlope"


def test_a_ct_has_its_presets_in_the_menu_and_on_the_digits(window: MainWindow, qtbot: QtBot) -> None:
    path = Path(str(pydicom.data.get_testdata_file("CT_small.dcm")))
    open_file(qtbot, window, path)
    assert "lung" in window.actions_["window-1"].text()
    window.series_view.setFocus()
    qtbot.keyClick(window.series_view.canvas, Qt.Key.Key_1)
    shown = window.series_view.canvas.view.window
    assert shown is not None
    assert (shown.center, shown.width) == (-600, 1500)


def test_letters_typed_into_the_question_are_no_commands(window: MainWindow, phantom: Path, qtbot: QtBot) -> None:
    open_file(qtbot, window, phantom)
    window.actions_["focus-question"].trigger()
    before = window.series_view.canvas.view
    qtbot.keyClicks(window.panel.prompt.edit, "ifrh")
    assert window.panel.prompt.edit.toPlainText() == "ifrh"
    assert window.series_view.canvas.view == before


def test_the_theme_changes_at_once(window: MainWindow) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    dialog = SettingsDialog(window.settings, window)
    dialog.theme_box.setCurrentIndex(dialog.theme_box.findData("dark"))
    assert is_dark()
    dialog.theme_box.setCurrentIndex(dialog.theme_box.findData("light"))
    assert not is_dark()
    apply_theme(application, "system")


def test_one_click_on_the_first_page_gives_an_answer(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.panel.turn_added, timeout=120_000) as answered:
        qtbot.mouseClick(window.first_page.sample_button, Qt.MouseButton.LeftButton)
    assert "<box>" in answered.args[0].result.answer.text
    assert len(window.board.boxes) > 0
    assert window.settings.recent == ()  # the sample is not the user's


def test_the_window_comes_back_as_it_was(make_window: Callable[[], MainWindow]) -> None:
    first = make_window()
    first.tags_dock.show()
    first.series_dock.hide()
    first.close()
    second = make_window()
    second.begin([])
    assert second.settings.geometry is not None
    assert second.tags_dock.isVisible()
    assert not second.series_dock.isVisible()
