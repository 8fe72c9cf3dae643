"""The table of commands, its actions, and what is made from it."""

from __future__ import annotations

from pathlib import Path

from medmo_desktop.shell.main_window import MainWindow
from medmo_desktop.shell.shortcut_sheet import ShortcutSheet
from medmo_desktop.shell.shortcuts import COMMANDS, MENUS, ON_IMAGE, shortcut_table

GUIDE = Path(__file__).parents[3] / "docs" / "viewer.md"


def test_no_two_commands_share_a_key_and_all_say_what_they_do() -> None:
    keys = [key for one in COMMANDS for key in one.keys]
    assert len(keys) == len(set(keys))
    assert len({one.id for one in COMMANDS}) == len(COMMANDS)
    assert all(one.help.endswith(".") and one.menu in MENUS for one in COMMANDS)


def test_every_command_is_in_a_menu_and_does_something(window: MainWindow) -> None:
    in_menus = {
        action.objectName()
        for menu in window.menuBar().actions()
        for action in menu.menu().actions()  # type: ignore[attr-defined]
    }
    for one in COMMANDS:
        action = window.actions_[one.id]
        assert one.id in in_menus
        connected = action.receivers("2triggered(bool)") + action.receivers("2toggled(bool)")
        assert connected > 0, f"{one.id} does nothing"


def test_the_sheet_shows_every_key(window: MainWindow) -> None:
    sheet = ShortcutSheet(window)
    text = sheet.page.toPlainText()
    for one in COMMANDS:
        if one.keys:
            assert one.plain_text in text
    assert all(does in text for _, does in ON_IMAGE)


def test_the_guide_has_the_table_as_it_is() -> None:
    assert shortcut_table() in GUIDE.read_text(encoding="utf-8")
