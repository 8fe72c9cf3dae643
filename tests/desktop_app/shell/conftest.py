"""A whole window on private folders, with the embedded model's 4-bit copy behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from medmo_desktop.shell.main_window import MainWindow
from medmo_desktop.shell.settings import ViewerSettings
from medmo_models.artifact import Artifact
from medmo_models.network_guard import guard
from medmo_models.phantoms import make_phantom

MakeWindow = Callable[[], MainWindow]


@pytest.fixture
def make_window(qtbot: QtBot, tmp_path: Path, answering_onnx: Artifact) -> Iterator[MakeWindow]:
    """Make windows on the same folders, as one user's program that is started again and again."""
    made: list[MainWindow] = []

    def make() -> MainWindow:
        settings = ViewerSettings(tmp_path / "user" / "viewer.ini")
        settings.models = (str(answering_onnx.path),)
        window = MainWindow(settings, tmp_path / "user" / "history.sqlite")
        made.append(window)
        window.show()
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    guard.allow()


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    return make_window()


@pytest.fixture
def phantom(tmp_path: Path) -> Path:
    """A phantom with two findings, as a PNG file."""
    path = tmp_path / "phantom.png"
    for index in range(100):
        one = make_phantom(31, index)
        if len(one.findings) >= 2:
            Image.fromarray(np.ascontiguousarray(one.pixels)).save(path)
            return path
    raise AssertionError
