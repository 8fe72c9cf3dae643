"""Nothing that may take long runs in the thread of the windows while the panel works."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.model_input_view import ModelInputView
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.list_view import FindingList
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.worker import OpenRequest, WorkerSession
from support.asking import phantom_choice

MINUTE = 60_000
_EVENTS = ("open", "sqlite3.connect", "subprocess.Popen", "os.listdir", "os.scandir")
_watched: list[tuple[str, str]] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is not None and event in _EVENTS and threading.current_thread() is threading.main_thread():
        _watched.append((event, str(arguments[0] if arguments else "")))


@pytest.fixture
def calls_on_gui_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Files, databases and processes that are opened, and methods of the session that are called, in this thread."""
    global _watched
    calls: list[tuple[str, str]] = []
    session_threads: set[bool] = set()

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            on_gui_thread = threading.current_thread() is threading.main_thread()
            session_threads.add(on_gui_thread)
            if on_gui_thread:
                calls.append(("WorkerSession", name))
            return method(*arguments, **named)

        return call

    for name in ("__init__", "open", "ask", "ask_with_tokens", "prepare", "see", "close", "kill"):
        monkeypatch.setattr(WorkerSession, name, watched(name, getattr(WorkerSession, name)))
    sys.addaudithook(_hook)  # stays for good; it does nothing while nobody watches
    _watched = calls
    yield calls
    _watched = None
    assert session_threads == {False}  # the session was used, so that the test could have failed


def test_no_model_file_or_database_call_runs_on_the_gui_thread(
    qtbot: QtBot,
    controller: InferenceController,
    tiny_request: OpenRequest,
    calls_on_gui_thread: list[tuple[str, str]],
) -> None:
    board = FindingBoard()
    panel, boxes, saw = AskPanel(controller, board), FindingList(board), ModelInputView(controller)
    for widget in (panel, boxes, saw):
        qtbot.addWidget(widget)
        widget.show()
    panel.prepares_ahead = True
    controller.open(tiny_request)
    images = [phantom_choice(0), phantom_choice(1)]
    panel.show_images(images)
    saw.show_images(images)
    saw.refresh()
    with qtbot.waitSignal(controller.seen, timeout=MINUTE):
        pass
    for prompt in (LOCALIZE_PROMPT, "What is this?"):
        panel.prompt.set_prompt(prompt)
        with qtbot.waitSignal(panel.turn_added, timeout=MINUTE):
            panel.prompt.ask_button.click()
    panel.prompt.ask_button.click()
    panel.prompt.stop_button.click()
    with qtbot.waitSignal(panel.turn_added, timeout=MINUTE):
        pass
    controller.close()
    assert calls_on_gui_thread == []


def test_the_watch_sees_what_it_is_to_see(
    tmp_path_factory: pytest.TempPathFactory, calls_on_gui_thread: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("x") / "file"
    calls_on_gui_thread.clear()
    path.write_text("x")
    assert {event for event, _ in calls_on_gui_thread} == {"open"}
    calls_on_gui_thread.clear()
    worker = threading.Thread(target=lambda: WorkerSession(OpenRequest(())).close())
    worker.start()
    worker.join()
    assert calls_on_gui_thread == []
