"""What tests of the whole window do again and again."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from medmo_desktop.asking.conversations import AnsweredTurn
from medmo_desktop.shell.main_window import MainWindow


def open_file(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Open a file and wait until it is on screen."""
    with qtbot.waitSignal(window.series_view.frame_changed, timeout=30_000):
        window.opening.open([path])


def ask(qtbot: QtBot, window: MainWindow, prompt: str) -> AnsweredTurn:
    """Type a question and press Ask, once the model is open; return the answered turn."""
    qtbot.waitUntil(lambda: window.controller.state.opened is not None, timeout=60_000)
    with qtbot.waitSignal(window.panel.turn_added, timeout=60_000) as answered:
        window.panel.prompt.set_prompt(prompt)
        window.actions_["ask"].trigger()
    turn = answered.args[0]
    assert isinstance(turn, AnsweredTurn)
    return turn
