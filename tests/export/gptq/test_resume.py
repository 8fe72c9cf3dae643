"""An export killed at any layer goes on there, and its files are those of an unbroken one, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medmo_export.gptq.options import GptqOptions
from medmo_export.resume import gptq_work_folder, work_kept_if_stopped
from medmo_models.artifact.staging import resumable_folders
from medmo_models.errors import CancelledError, InputError, OutOfMemoryError
from support.command import run_medmo

EXPORT = ("export", "gptq", "--model", "medmo-tiny", "--samples", "2")
PATIENCE_S = 300


def start(out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "medmo_cli", *EXPORT, "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def stop_after_layer(out: Path, layer: int, number: int) -> str:
    """Start the export, send a signal as soon as it has recorded a layer, and return what it printed."""
    process = start(out)
    waited = time.monotonic() + PATIENCE_S
    while not any((folder / f"layer-{layer:03d}.json").exists() for folder in resumable_folders(out)):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < waited
        time.sleep(0.005)
    process.send_signal(number)
    printed, _ = process.communicate()
    return printed


def contents(artifact: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in artifact.iterdir()}


def test_an_export_killed_at_several_layers_gives_the_same_bytes(tmp_path: Path) -> None:
    unbroken, killed = tmp_path / "unbroken", tmp_path / "killed"
    assert run_medmo(*EXPORT, "--out", str(unbroken)).code == 0
    stop_after_layer(killed, 0, signal.SIGKILL)
    assert not killed.exists()
    (folder,) = resumable_folders(killed)
    second = stop_after_layer(killed, 2, signal.SIGKILL if os.name == "nt" else signal.SIGINT)
    assert "resuming at layer 2 of 4" in second
    assert f"kept in {folder}" in " ".join(second.split())
    assert resumable_folders(killed) == [folder]
    finished = run_medmo(*EXPORT, "--out", str(killed))
    assert finished.code == 0
    assert contents(killed) == contents(unbroken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "unbroken"]


def test_another_request_has_another_folder(tmp_path: Path) -> None:
    same = ("a" * 64, GptqOptions(), "b" * 64, "cpu")
    others = [
        ("c" * 64, GptqOptions(), "b" * 64, "cpu"),
        ("a" * 64, GptqOptions(damping=0.1), "b" * 64, "cpu"),
        ("a" * 64, GptqOptions(), "d" * 64, "cpu"),
        ("a" * 64, GptqOptions(), "b" * 64, "cuda"),
    ]
    out = tmp_path / "out"
    assert gptq_work_folder(out, *same) == gptq_work_folder(out, *same)
    assert len({gptq_work_folder(out, *request) for request in (same, *others)}) == 5
    assert gptq_work_folder(tmp_path / "elsewhere", *same) != gptq_work_folder(out, *same)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CancelledError("stopped"), OutOfMemoryError("full")])
def test_what_is_stopped_is_kept_and_said(tmp_path: Path, error: BaseException) -> None:
    folder = gptq_work_folder(tmp_path / "out", "a", GptqOptions(), "b", "cpu")
    folder.mkdir()
    said: list[str] = []
    with pytest.raises(type(error)), work_kept_if_stopped(tmp_path / "out", said.append):
        raise error
    assert folder.exists()
    assert [str(folder) in sentence for sentence in said] == [True]


def test_an_error_that_would_come_again_and_a_finished_export_keep_nothing(tmp_path: Path) -> None:
    folder = gptq_work_folder(tmp_path / "out", "a", GptqOptions(), "b", "cpu")
    neighbour = gptq_work_folder(tmp_path / "out-2", "a", GptqOptions(), "b", "cpu")
    said: list[str] = []
    for error in (InputError("broken"), None):
        folder.mkdir()
        neighbour.mkdir(exist_ok=True)
        try:
            with work_kept_if_stopped(tmp_path / "out", said.append):
                if error is not None:
                    raise error
        except InputError:
            pass
        assert not folder.exists()
        assert neighbour.exists()
    assert said == []
