"""Tab goes through every control of the window and of each dialog once, as one reads, and Shift+Tab back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pydicom.data
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from medmo_desktop.machine.jobs import JobRunner
from medmo_desktop.shell.main_window import MainWindow
from medmo_desktop.shell.settings_dialog import SettingsDialog
from medmo_desktop.shell.shortcut_sheet import ShortcutSheet
from support.viewer import open_file

#: Controls whose tops differ by less are in one row.
_ROW = 12
_MOST = 100


def walk(root: QWidget, start: QWidget, key: Qt.Key) -> list[QWidget]:
    """Return the controls that have the focus one after another, until the first one has it again."""
    start.setFocus(Qt.FocusReason.TabFocusReason)
    modifiers = Qt.KeyboardModifier.ShiftModifier if key == Qt.Key.Key_Backtab else Qt.KeyboardModifier.NoModifier
    visited: list[QWidget] = []
    for _ in range(_MOST):
        focused = root.focusWidget()
        if visited and focused is visited[0]:
            return visited
        visited.append(focused)
        QTest.keyClick(focused, key, modifiers)
    pytest.fail(f"Tab never comes back to {describe(start)}; it went through {[describe(one) for one in visited]}")


def reachable(root: QWidget) -> set[QWidget]:
    """The controls that take the focus by Tab."""
    return {
        one
        for one in root.findChildren(QWidget)
        if one.isVisible()
        and one.isEnabled()
        and one.window() is root
        and one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and one.focusProxy() is None
    }


def describe(one: QWidget) -> str:
    return f"{type(one).__name__} {one.accessibleName() or getattr(one, 'text', str)()!r}"


def check(root: QWidget, start: QWidget) -> list[QWidget]:
    forwards = walk(root, start, Qt.Key.Key_Tab)
    assert len(set(forwards)) == len(forwards), "Tab comes by one of them twice"
    assert [describe(one) for one in reachable(root) - set(forwards)] == [], "Tab does not reach these"
    assert walk(root, start, Qt.Key.Key_Backtab) == [forwards[0], *reversed(forwards[1:])]
    for one in forwards:
        interface = QAccessible.queryAccessibleInterface(one)
        assert interface is not None
        assert interface.text(QAccessible.Text.Name).strip(), f"{describe(one)} has no name for screen readers"
    for first, second in pairwise(forwards):
        if first.parentWidget() is second.parentWidget():
            one, other = (widget.mapTo(root, QPoint(0, 0)) for widget in (first, second))
            below, same_row = other.y() > one.y(), abs(other.y() - one.y()) < _ROW
            assert (same_row and other.x() > one.x()) or (below and not same_row), (
                f"{describe(second)} comes after {describe(first)}, but one reads it before"
            )
    return forwards


@pytest.mark.parametrize("place", ["image", "compare", "model_view", "models", "machine"])
def test_tab_reaches_every_control_of_the_window(window: MainWindow, place: str, qtbot: QtBot) -> None:
    window.tags_dock.show()
    open_file(qtbot, window, Path(str(pydicom.data.get_testdata_file("rtdose.dcm"))))
    window.panel.prompt.set_prompt("Is there a nodule?")
    page = window.pages if place == "image" else getattr(window, place)
    window.workplaces.setCurrentWidget(page)
    qtbot.waitUntil(lambda: not any(runner.busy for runner in window.findChildren(JobRunner)), timeout=60_000)
    window.activateWindow()
    QApplication.processEvents()
    forwards = check(window, window.series_list)
    parts = [window.series_dock, window.workplaces, window.tags_dock, window.ask_dock]
    order = [next((part for part in parts if part.isAncestorOf(one)), None) for one in forwards]
    places = [parts.index(part) for part in order if part is not None]
    assert places == sorted(places), "from left to right: series, workplaces, tags, question and findings"
    assert set(places) == {0, 1, 2, 3}


def test_tab_reaches_every_control_of_the_first_page(window: MainWindow) -> None:
    window.activateWindow()
    forwards = check(window, window.series_list)
    first_page = [one for one in forwards if window.first_page.isAncestorOf(one)]
    assert first_page[0] is window.first_page.sample_button
    assert len(first_page) == 3


DIALOGS: dict[str, Callable[[MainWindow], QDialog]] = {
    "settings": lambda window: SettingsDialog(window.settings, window),
    "shortcuts": ShortcutSheet,
    "export": lambda window: window.models.export_dialog,
}


@pytest.mark.parametrize("name", sorted(DIALOGS))
def test_tab_reaches_every_control_of_a_dialog(window: MainWindow, name: str, qtbot: QtBot) -> None:
    dialog = DIALOGS[name](window)
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.activateWindow()
    dialog.setFocus()
    QTest.keyClick(dialog, Qt.Key.Key_Tab)
    try:
        check(dialog, dialog.focusWidget())
    finally:
        dialog.close()
