"""The fixture that fails a test which leaves something behind does so, and lets others pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
CASES = {
    "threads left behind": "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
    "QThread": "kept.append(QThread()); kept[0].start()",
    "processes left behind": "kept.append(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)']))",
    "windows left behind": "kept.append(QWidget()); kept[0].show()",
    "1 passed": "kept.append(QWidget())",
}
HEAD = """
import subprocess, sys, threading, time
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QWidget
kept = []
def test_it(qtbot):
    """


@pytest.mark.parametrize("outcome", CASES)
def test_a_leak_fails_its_test(outcome: str, tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "pytest.ini").write_text("[pytest]\nqt_api = pyside6\n")
    after = "\ndef test_end(qtbot):\n    [one.kill() for one in kept if hasattr(one, 'kill')]\n    "
    after += "[(one.quit(), one.wait()) for one in kept if hasattr(one, 'quit')]\n"
    (tmp_path / "test_it.py").write_text(HEAD + CASES[outcome] + "\n" + after)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert outcome.replace("1 passed", "2 passed") in done.stdout
    assert (done.returncode == 0) is (outcome == "1 passed")
