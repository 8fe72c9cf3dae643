"""A worker that asks for the network is refused, and its caller hears of it."""

from __future__ import annotations

import sys

import pytest

from medmo_models.artifact import Artifact
from medmo_runtime.worker import OpenRequest, WorkerSession, child

ASKS_FOR_THE_NETWORK = """
import socket
from medmo_runtime.worker import process
open_ = process.Worker._open
def curious(self, message):
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=0.1)
    except PermissionError:
        pass
    open_(self, message)
process.Worker._open = curious
process.main()
"""


def test_the_caller_hears_of_an_attempt_and_gets_its_answer(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "child_command", lambda _module: [sys.executable, "-c", ASKS_FOR_THE_NETWORK])
    heard: list[str] = []
    request = OpenRequest((str(tiny_onnx.path),), dtype="float32")
    with WorkerSession(request, on_network_attempt=heard.append) as session:
        assert session.open().method == tiny_onnx.manifest.method
    assert heard == ["name lookup"]


def test_a_caller_that_does_not_listen_gets_its_answer_too(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "child_command", lambda _module: [sys.executable, "-c", ASKS_FOR_THE_NETWORK])
    with WorkerSession(OpenRequest((str(tiny_onnx.path),), dtype="float32")) as session:
        assert session.open().backend == "onnx"


def test_a_frozen_application_is_its_own_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child.child_command("some.module") == [sys.executable, "--run-module", "some.module"]
