"""Which model the window loads: the chosen one, also where it should not fit, else the embedded one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.shell.main_window import MainWindow
from medmo_desktop.shell.model_choice import model_request
from medmo_models.library import embedded_model_path


def test_the_chosen_folders_are_loaded_and_missing_ones_forgotten(tmp_path: Path) -> None:
    chosen = (str(tmp_path), str(tmp_path / "gone"))
    assert model_request(chosen).artifacts == (str(tmp_path),)
    assert model_request((str(tmp_path / "gone"),)).artifacts == (str(embedded_model_path()),)


@pytest.mark.parametrize("anyway", [False, True])
def test_use_anyway_reaches_the_worker(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, anyway: bool
) -> None:
    asked = []
    monkeypatch.setattr(window.controller, "open", asked.append)
    window.models.model_chosen.emit([str(tmp_path)], anyway)
    qtbot.waitUntil(lambda: bool(asked))
    assert asked[0].artifacts == (str(tmp_path),)
    assert asked[0].ignore_memory is anyway
