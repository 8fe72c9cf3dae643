"""One full story with the real widgets and the embedded model behind them."""

from __future__ import annotations

import os
import signal
import sys

import psutil
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.findings.board import FindingBoard
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.worker import OpenRequest
from support.asking import phantom_choice

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


def test_open_ask_stream_boxes_stop_kill_retry(
    qtbot: QtBot, controller: InferenceController, tiny_request: OpenRequest
) -> None:
    board = FindingBoard()
    panel = AskPanel(controller, board)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_images([phantom_choice(0), phantom_choice(1)])

    with qtbot.waitSignal(controller.opened, timeout=60_000):
        controller.open(tiny_request)

    seen: list[list[str]] = []
    board.boxes_changed.connect(lambda boxes: seen.append([box.id for box in boxes]))
    panel.prompt.set_prompt(LOCALIZE_PROMPT)
    with qtbot.waitSignal(panel.turn_added, timeout=60_000) as added:
        qtbot.keyClick(panel.prompt.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    result = added.args[0].result
    assert panel.answer.text == result.answer.text
    assert len(board.boxes) == sum(len(finding.boxes) for finding in result.answer.findings) > 0
    assert all(box.confidence is not None for box in board.boxes)
    assert [] in seen  # the answer began with none, and they came one after another
    assert panel.phases.text("decode").startswith("✓")
    qtbot.waitUntil(lambda: not panel.prompt.stop_button.isEnabled())

    span = panel.answer.spans[0]
    board.hover(span.box_ids[0])
    assert panel.answer.extraSelections()

    def stop_at_first_text(_piece: str) -> None:
        controller.text.disconnect(stop_at_first_text)
        panel.prompt.stop_button.click()

    controller.text.connect(stop_at_first_text)
    panel.prompt.set_prompt(REPORT_PROMPT)
    with qtbot.waitSignal(panel.turn_added, timeout=60_000) as added:
        panel.prompt.ask_button.click()
    assert added.args[0].result.answer.stats.finish_reason in ("cancelled", "stop")

    def kill(_name: str) -> None:
        if _name == "prefill":
            controller.phase.disconnect(kill)
            os.kill(controller.worker_pid or 0, signal.SIGKILL)

    controller.phase.connect(kill)
    panel.show_images([phantom_choice(1), phantom_choice(0)])
    assert len(board.boxes) == 0
    panel.prompt.set_prompt(LOCALIZE_PROMPT)
    with qtbot.waitSignal(controller.failed, timeout=60_000) as failed:
        panel.prompt.ask_button.click()
    sentence, can_retry = failed.args
    assert "killed" in sentence
    assert can_retry
    assert panel.retry_button.isVisible()
    assert panel.status.text() == sentence

    with qtbot.waitSignal(panel.turn_added, timeout=60_000) as added:
        panel.retry_button.click()
    assert added.args[0].result.answer.findings
    assert len(board.boxes) > 0

    panel.show_images([phantom_choice(0)])
    assert len(panel.answer.text) > 0
    assert panel.turns.count() == 2

    controller.close()
    assert controller.state.activity == "closed"
    assert not psutil.Process().children()
