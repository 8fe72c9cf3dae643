"""``medmo ask`` when the model's process dies or runs out of memory: really killed, really out of memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from medmo_cli import ask
from medmo_models.artifact import Artifact
from medmo_runtime.answer import Answer
from medmo_runtime.worker import WorkerSession
from support.command import run_medmo
from support.processes import limit_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills by signal and limits by prlimit")


#: So many images that the answer is far from ready when the worker is acted upon.
MANY = 24


def act_in(monkeypatch: pytest.MonkeyPatch, phase: str, act: Callable[[int], None], times: int = 1) -> None:
    """Let ``act`` happen to the worker, by its process number, when a phase of the answer begins."""
    left = [times]

    class Session(WorkerSession):
        def ask(self, *arguments: Any, **options: Any) -> Answer:
            def on_phase(name: str) -> None:
                if name == phase and left[0] and self.pid is not None:
                    left[0] -= 1
                    act(self.pid)

            return super().ask(*arguments, **{**options, "on_phase": on_phase})

    monkeypatch.setattr(ask, "WorkerSession", Session)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def leave_no_memory(pid: int) -> None:
    limit_memory(pid, 0.5)


@pytest.mark.parametrize(("phase", "doing"), [("vision", "encoding the image"), ("decode", "writing the answer")])
def test_a_killed_worker_is_one_sentence_and_exit_3(
    phase: str, doing: str, phantom_png: Path, tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    act_in(monkeypatch, phase, kill)
    overlay = tmp_path / "overlay.png"
    done = run_medmo(
        *("ask", str(phantom_png), "--task", "localize", "--artifact", str(tiny_onnx.path)),
        *("--overlay", str(overlay), "--json"),
    )
    assert done.code == 3
    assert "was killed, as the system does when memory runs out" in done.sentence()
    assert doing in done.sentence()
    assert done.out == ""
    assert not overlay.exists()


def test_memory_that_runs_out_is_exit_3_with_what_would_need_less(
    phantom_png: Path, tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_in(monkeypatch, "vision", leave_no_memory)
    images = [str(phantom_png)] * MANY
    done = run_medmo("ask", *images, "--task", "report", "--artifact", str(tiny_onnx.path))
    assert done.code == 3
    assert "emory ran out" in done.sentence()
    assert "This would need less: onnx-int4 on onnx/cpu" in done.sentence()
    assert "prompts are read a few tokens at a time, which takes longer" in done.sentence()


def test_auto_tries_the_next_plan_once_and_says_so(
    phantom_png: Path, tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_in(monkeypatch, "vision", leave_no_memory)
    question = ("ask", *([str(phantom_png)] * MANY), "--task", "report", "--artifact", str(tiny_onnx.path), "--auto")
    done = run_medmo(*question, "--json")
    assert done.code == 0, done.err
    assert done.json["backend"]["given_up"] == ["prompts are read a few tokens at a time, which takes longer"]
    words = " ".join(done.err.split())
    assert "Trying once more with the next plan" in words
    assert (
        "The second try worked: onnx-int4 on onnx/cpu (prompts are read a few tokens at a time, which takes longer)"
        in words
    )
    act_in(monkeypatch, "vision", kill, times=2)
    done = run_medmo(*question)
    assert done.code == 3
    assert "was killed" in done.sentence()


def test_when_nothing_fits_a_table_says_what_was_tried_and_what_is_missing(
    phantom_png: Path, tiny_onnx: Artifact
) -> None:
    done = run_medmo(
        *("ask", str(phantom_png), "--task", "vqa", "--artifact", str(tiny_onnx.path)),
        *("--max-new-tokens", "1000000000"),
    )
    assert done.code == 3
    assert "Nothing here can run this model" in done.err
    for word in ("tried", "needs", "free", "missing", "onnx-int4 on onnx/cpu"):
        assert word in done.err


def test_ctrl_c_while_the_answer_is_written_leaves_no_process(phantom_png: Path, tiny_onnx: Artifact) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "medmo_cli", "ask", str(phantom_png), "--task", "report"),
            *("--artifact", str(tiny_onnx.path), "--chat"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    process.stdout.readline()  # the question is shown: the worker is there or about to be
    deadline = time.monotonic() + 60
    while not (workers := psutil.Process(process.pid).children(recursive=True)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert gone
    assert not alive
