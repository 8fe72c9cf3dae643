from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_ends_with_130_one_sentence_and_no_overlay(phantom_png: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.png"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "medmo_cli", "ask", str(phantom_png), "--prompt", "a" * 500),
            *("--max-new-tokens", "100000", "--overlay", str(overlay)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    process.stderr.readline()  # "no --artifact given": the command has read its input and begins to load
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert b"cancelled" in err
    assert not overlay.exists()
