"""Boxes that were drawn without a question: kept with their image, across windows and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.keeping.history import History
from medmo_desktop.shell.main_window import MainWindow
from medmo_models.artifact import Artifact
from medmo_models.prompts import LOCALIZE_PROMPT
from support import drawing_story
from support.viewer import ask, open_file


def draw(window: MainWindow, label: str, left: float = 10) -> None:
    window.board.edit(window.board.boxes.added(label, (left, 12, left + 50, 50)), "add")


def labels(window: MainWindow) -> list[str]:
    return [box.label for box in window.board.boxes]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_drawn_box_survives_a_kill(
    make_window: Callable[[], MainWindow], phantom: Path, tmp_path: Path, answering_onnx: Artifact, qtbot: QtBot
) -> None:
    (tmp_path / "user").mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, drawing_story.__file__, *map(str, (answering_onnx.path, phantom, tmp_path / "user"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as drawing:
        assert drawing.stdout is not None
        box_id = drawing.stdout.readline().strip()
        os.kill(drawing.pid, signal.SIGKILL)
    assert box_id
    window = make_window()
    open_file(qtbot, window, phantom)
    qtbot.waitUntil(lambda: labels(window) == ["drawn before the kill"], timeout=20_000)
    assert window.board.boxes.boxes[0].id == box_id
    assert window.board.boxes.boxes[0].origin == "user"


def test_each_image_has_its_own_boxes_and_deleting_the_last_one_is_kept_too(
    make_window: Callable[[], MainWindow], phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(phantom.read_bytes() + b"\0")
    window = make_window()
    open_file(qtbot, window, phantom)
    draw(window, "here")
    open_file(qtbot, window, other)
    assert labels(window) == []
    draw(window, "there")
    draw(window, "there as well", 80)
    window.close()

    window = make_window()
    open_file(qtbot, window, phantom)
    qtbot.waitUntil(lambda: labels(window) == ["here"], timeout=20_000)
    open_file(qtbot, window, other)
    qtbot.waitUntil(lambda: labels(window) == ["there", "there as well"], timeout=20_000)
    for box in window.board.boxes:
        window.board.edit(window.board.boxes.deleted(box.id), "delete")
    window.close()
    with History(tmp_path / "user" / "history.sqlite") as history:
        assert [[box.label for box in record.boxes] for record in history.recent(9)] == [["here"]]


def test_a_box_drawn_before_the_kept_ones_are_back_joins_them(
    make_window: Callable[[], MainWindow], phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    open_file(qtbot, window, phantom)
    draw(window, "first day")
    window.close()
    window = make_window()
    window.bridge._history.found.disconnect(window.bridge._restore)
    open_file(qtbot, window, phantom)
    draw(window, "second day", 80)
    window.close()
    window = make_window()
    open_file(qtbot, window, phantom)
    qtbot.waitUntil(lambda: labels(window) == ["first day", "second day"], timeout=20_000)


def test_an_answer_takes_the_drawn_boxes_along_and_a_new_conversation_shows_them_alone(
    make_window: Callable[[], MainWindow], phantom: Path, qtbot: QtBot
) -> None:
    window = make_window()
    open_file(qtbot, window, phantom)
    draw(window, "mine")
    ask(qtbot, window, LOCALIZE_PROMPT)
    assert len(labels(window)) >= 2
    assert labels(window)[-1] == "mine"
    window.close()
    window = make_window()
    open_file(qtbot, window, phantom)
    qtbot.waitUntil(lambda: len(labels(window)) >= 2, timeout=20_000)
    assert labels(window).count("mine") == 1
    window.panel.new_conversation()
    assert labels(window) == ["mine"]


def test_nothing_is_kept_if_the_settings_say_so(
    window: MainWindow, phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window.settings.history_kept = False
    open_file(qtbot, window, phantom)
    draw(window, "mine")
    window.close()
    assert not (tmp_path / "user" / "history.sqlite").exists()
