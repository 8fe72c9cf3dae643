"""``medmo view --screenshot``: the real window with an answer in it, and wrong use as one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT


def medmo(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "medmo_cli", "view", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_a_picture_of_the_window_with_the_answer(tmp_path: Path) -> None:
    Image.fromarray(make_phantom(11, 1).pixels).save(tmp_path / "phantom.png")
    out = tmp_path / "window.png"
    done = medmo(
        *("--screenshot", str(out), str(tmp_path / "phantom.png"), "--prompt", LOCALIZE_PROMPT),
        *("--size", "1300x850", "--json", "--dark"),
    )
    assert done.returncode == 0, done.stderr
    assert "<box>" in json.loads(done.stdout)["text"]
    picture = Image.open(out)
    assert picture.size == (1300, 850)
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels[5, 1290].max() < 90  # the empty end of the menu bar is dark


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--prompt", "x"), "--screenshot"),
        (("--screenshot", "a.jpg"), ".png"),
        (("--screenshot", "a.png", "--size", "big"), "--size"),
        (("--screenshot", "a.png", "missing.dcm"), "missing.dcm"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: tuple[str, ...], word: str) -> None:
    done = medmo(*arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_display_it_says_so() -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    if not sys.platform.startswith("linux"):
        pytest.skip("every other system has a display")
    command = [sys.executable, "-m", "medmo_cli", "view"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "no display" in done.stderr
