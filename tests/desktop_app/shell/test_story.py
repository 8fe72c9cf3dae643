"""One full story on the real window with the embedded model behind it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from medmo_desktop.findings.table_model import LABEL
from medmo_desktop.shell.main_window import MainWindow
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.overlay import RESEARCH_NOTICE
from support.viewer import ask, open_file


def export(qtbot: QtBot, window: MainWindow, command: str, path: Path) -> Path:
    with qtbot.waitSignal(window.exporting.exported, timeout=30_000):
        window.exporting.export(command, path)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_open_ask_correct_export_reopen_and_survive_a_kill(
    make_window: Callable[[], MainWindow], phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    open_file(qtbot, window, phantom)
    turn = ask(qtbot, window, LOCALIZE_PROMPT)

    # Boxes are on the canvas and in the list, and tied to each other both ways.
    boxes = window.board.boxes
    assert len(boxes) == sum(len(finding.boxes) for finding in turn.result.answer.findings) >= 1
    assert window.findings.model.rowCount() == len(boxes)
    first = boxes.boxes[0]
    geometry = window.series_view.canvas.geometry_now()
    assert geometry is not None
    left, top, _, _ = geometry.rectangle_to_view(first.pixels)
    window.board.select(None)
    qtbot.mouseClick(window.series_view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(left), round(top)))
    assert window.board.selected == first.id
    assert window.findings.table.currentIndex().row() == 0
    window.board.select(None)
    window.findings.table.selectRow(0)
    assert window.board.selected == first.id

    # The user corrects one, by keys, and renames it in the list.
    window.series_view.setFocus()
    qtbot.keyClick(window.series_view.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    moved = window.board.boxes.find(first.id)
    assert moved is not None
    assert moved.pixels[0] == pytest.approx(first.pixels[0] + 1)
    assert moved.model_pixels == first.pixels
    window.findings.model.setData(window.findings.model.index(0, LABEL), "my label", Qt.ItemDataRole.EditRole)
    assert window.actions_["undo"].isEnabled()

    # Every export has the boxes as they are now, and the notice.
    written = json.loads(export(qtbot, window, "export-json", tmp_path / "a.json").read_text())
    assert written["notice"] == RESEARCH_NOTICE
    assert written["boxes"][0]["label"] == "my label"
    assert written["boxes"][0]["source"] == "model, corrected by the user"
    coco = json.loads(export(qtbot, window, "export-coco", tmp_path / "a.coco.json").read_text())
    assert len(coco["annotations"]) == len(boxes)
    picture = Image.open(export(qtbot, window, "export-png", tmp_path / "a.png"))
    assert picture.width >= window.panel.image.width  # type: ignore[union-attr]
    assert export(qtbot, window, "save-case", tmp_path / "a.medmocase").stat().st_size > 1000
    window.close()

    # The next day, the image brings its answer and the corrected box back.
    window = make_window()
    open_file(qtbot, window, phantom)
    qtbot.waitUntil(lambda: len(window.board.boxes) == len(boxes), timeout=20_000)
    again = window.board.boxes.find(first.id)
    assert again is not None
    assert (again.label, again.pixels) == ("my label", moved.pixels)
    assert window.panel.answer.text == turn.result.answer.text
    again_written = json.loads(export(qtbot, window, "export-json", tmp_path / "b.json").read_text())
    assert again_written["answer"]["text"] == written["answer"]["text"]

    # The model's process is killed in the middle of an answer: the window lives, says so, and a retry works.
    qtbot.waitUntil(lambda: window.controller.state.opened is not None, timeout=60_000)
    with qtbot.waitSignal(window.controller.failed, timeout=60_000) as failed:
        window.controller.phase.connect(lambda name: name == "prefill" and _kill(window))
        window.panel.ask(REPORT_PROMPT)
    sentence, can_retry = failed.args
    assert "killed" in sentence
    assert can_retry
    assert window.panel.retry_button.isVisible()
    window.controller.phase.disconnect()
    window.controller.phase.connect(window.panel._show_phase)
    with qtbot.waitSignal(window.panel.turn_added, timeout=60_000) as answered:
        qtbot.mouseClick(window.panel.retry_button, Qt.MouseButton.LeftButton)
    assert answered.args[0].result.answer.text
    window.close()
    assert not [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]


def _kill(window: MainWindow) -> None:
    pid = window.controller.worker_pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
