"""The viewer and its worker, from open to export: on a kernel that refuses internet sockets, and traced."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from medmo_models.artifact import Artifact
from support import kernel_filter, offline_story

#: Sends something to, or connects with, an internet address.
_SENT = re.compile(r"(connect|sendto|sendmsg|sendmmsg)\(.*AF_INET")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([*command], env=environment, capture_output=True, text=True, timeout=300)


def run_filtered(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, str(kernel_filter.__file__), *arguments)


def check_story(done: subprocess.CompletedProcess[str]) -> None:
    """Hold that it answered with boxes, wrote four files, and that Python's guard saw nothing."""
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip().splitlines()[-1].split()
    assert last[:2] == ["attempts", "0"]
    assert int(last[3]) >= 1
    assert last[4:] == ["files", "4"]


needs_filters = pytest.mark.skipif(not kernel_filter.is_supported(), reason="needs Linux's seccomp filters")


@needs_filters
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_the_filter_refuses_internet_sockets_and_no_others(family: str) -> None:
    done = run_filtered("-c", f"import socket; socket.socket(socket.{family})")
    assert "PermissionError" in done.stderr
    done = run_filtered("-c", "import socket; socket.socketpair(); print('alive')")
    assert done.stdout.strip() == "alive"


@needs_filters
def test_open_ask_and_export_where_the_kernel_refuses_internet_sockets(
    answering_onnx: Artifact, phantom: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    check_story(run_filtered(str(offline_story.__file__), str(answering_onnx.path), str(phantom), str(folder)))


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_open_ask_and_export_send_nothing_to_an_internet_address(
    answering_onnx: Artifact, phantom: Path, tmp_path: Path
) -> None:
    folder, trace = tmp_path / "out", tmp_path / "trace.txt"
    folder.mkdir()
    traced = ("strace", "-f", "-e", "trace=network", "-o", str(trace), sys.executable)
    probe = run(*traced, "-c", "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', 9))")
    if probe.returncode != 0:
        pytest.skip("strace may not trace here")
    assert _SENT.search(trace.read_text())
    check_story(run(*traced, str(offline_story.__file__), str(answering_onnx.path), str(phantom), str(folder)))
    lines = trace.read_text().splitlines()
    assert any("socketpair" in line or "AF_UNIX" in line or "INET" in line for line in lines)  # it did trace
    assert not [line for line in lines if _SENT.search(line)]
