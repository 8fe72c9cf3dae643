"""A new user's first minutes: nothing installed, nothing cached, one button."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from medmo_desktop.asking.conversations import AnsweredTurn
from medmo_desktop.machine.embedded_copy import fast_copy_folder
from medmo_desktop.shell.main_window import MainWindow
from medmo_desktop.shell.model_choice import model_request
from medmo_desktop.shell.settings import ViewerSettings
from medmo_models.artifact import Artifact, open_artifact
from medmo_models.errors import InputError
from medmo_models.network_guard import guard
from support.viewer import ask

pytest.importorskip("gptqmodel")

QUESTION = "What does the image show?"


@pytest.fixture
def new_window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """A window as the first start of the program makes it: no model chosen, empty folders."""
    window = MainWindow(ViewerSettings(tmp_path / "user" / "viewer.ini"), tmp_path / "user" / "history.sqlite")
    window.show()
    window.begin([])
    yield window
    window.close()
    window.deleteLater()
    guard.allow()


@pytest.mark.slow
def test_the_sample_is_answered_at_once_and_the_copy_takes_over_when_it_is_made(
    new_window: MainWindow, qtbot: QtBot
) -> None:
    window = new_window
    assert window.pages.currentWidget() is window.first_page
    answers: list[AnsweredTurn] = []
    with (
        qtbot.waitSignal(window.fast_copy.made, timeout=300_000) as made,
        qtbot.waitSignal(window.panel.turn_added, timeout=120_000),
    ):
        window.panel.turn_added.connect(answers.append)
        qtbot.mouseClick(window.first_page.sample_button, Qt.MouseButton.LeftButton)

    # The first answer is the full-precision model's: nobody waits for the copy.
    assert answers[0].result.answer.artifact.method == "bf16"
    assert len(answers[0].boxes) >= 1
    assert window.pages.currentWidget() is window.series_view

    # The copy is whole, and where the program will look for it.
    copy = open_artifact(fast_copy_folder())
    assert made.args[0].path == copy.path
    assert copy.manifest.method == "onnx-int4"
    assert copy.manifest.bits_per_weight < 8

    # It is opened by itself, the window says so, and it answers the next question.
    qtbot.waitUntil(
        lambda: (opened := window.controller.state.opened) is not None and opened.method == copy.manifest.method,
        timeout=60_000,
    )
    assert "4-bit copy" in window.strip.label.text()
    turn = ask(qtbot, window, QUESTION)
    assert turn.result.answer.artifact.method == "onnx-int4"
    assert turn.result.answer.text
    assert model_request(()).artifacts == (str(copy.path),)  # the next start begins with it


@pytest.mark.slow
def test_a_damaged_copy_is_made_again(new_window: MainWindow, answering_onnx: Artifact, qtbot: QtBot) -> None:
    shutil.copytree(answering_onnx.path, fast_copy_folder())
    (fast_copy_folder() / "config.json").write_text("{}")
    with pytest.raises(InputError):
        open_artifact(fast_copy_folder())
    with qtbot.waitSignal(new_window.fast_copy.made, timeout=300_000):
        new_window.fast_copy.make()
    assert open_artifact(fast_copy_folder()).manifest.method == "onnx-int4"


def test_a_cancelled_copy_leaves_nothing_and_says_so(new_window: MainWindow, qtbot: QtBot) -> None:
    new_window.fast_copy.make()
    qtbot.mouseClick(new_window.strip.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not new_window.strip.running, timeout=30_000)
    assert "cancelled" in new_window.strip.label.text()
    assert not list(fast_copy_folder().parent.iterdir())
