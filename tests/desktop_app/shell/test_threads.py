"""The windows' thread touches no file of the user's, no database, and starts no process."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from medmo_desktop.shell.main_window import MainWindow
from medmo_models.prompts import LOCALIZE_PROMPT
from support.viewer import ask, open_file

_EVENTS = ("open", "sqlite3.connect", "subprocess.Popen")


class _Watch:
    """Notes what the main thread does; an audit hook cannot be taken back, so it is told to look away."""

    def __init__(self) -> None:
        self.folder = ""
        self.seen: list[str] = []
        self.elsewhere: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.folder or event not in _EVENTS:
            return
        what = str(arguments[0])
        if event != "subprocess.Popen" and not what.startswith(self.folder):
            return  # the interpreter reads its own modules wherever they are first needed
        if threading.current_thread() is threading.main_thread():
            self.seen.append(f"{event} {what}")
        else:
            self.elsewhere.add(event)


def test_opening_asking_and_exporting_leave_files_and_processes_to_other_threads(
    window: MainWindow, phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    watch = _Watch()
    watch.folder = str(tmp_path)
    open_file(qtbot, window, phantom)
    ask(qtbot, window, LOCALIZE_PROMPT)
    window.board.edit(window.board.boxes.added("mine", (1, 1, 9, 9)), "add")
    for command in ("export-json", "export-png"):
        with qtbot.waitSignal(window.exporting.exported, timeout=30_000):
            window.exporting.export(command, tmp_path / f"a{'.png' if 'png' in command else '.json'}")
    qtbot.waitUntil(lambda: "sqlite3.connect" in watch.elsewhere, timeout=10_000)
    watch.folder = ""
    assert watch.elsewhere == set(_EVENTS)  # it does hear
    assert watch.seen == []
