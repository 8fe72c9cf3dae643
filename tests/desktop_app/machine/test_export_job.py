"""Exports in a real child process: one that is finished, one that is cancelled half-way, one that is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.machine import export_job
from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.export_dialog import ExportDialog
from medmo_desktop.machine.export_job import ExportOrder, export_in_process, missing_packages
from medmo_desktop.machine.models import describe_models
from medmo_models.artifact import open_artifact
from medmo_models.directories import models_directory
from medmo_models.errors import CancelledError, CannotRunError, InputError, ProcessDiedError
from medmo_models.library import embedded_model_path
from medmo_runtime.hardware import probe_machine


def order(name: str = "exported", **changes: object) -> ExportOrder:
    facts: dict[str, object] = {"checkpoint": embedded_model_path(), "format": "onnx-int4-rounded", **changes}
    return ExportOrder(destination=models_directory() / name, **facts)  # type: ignore[arg-type]


def export_processes() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if "medmo_desktop.machine.export_process" in child.cmdline()]


def left_behind() -> list[str]:
    library = models_directory()
    return sorted(path.name for path in library.iterdir()) if library.is_dir() else []


def control(on_report: Callable[[JobControl, str], None]) -> JobControl:
    made = JobControl(lambda phase, _done, _total: on_report(made, phase))
    return made


@pytest.mark.slow
def test_a_finished_export_is_a_whole_artifact_with_its_check() -> None:
    phases: list[str] = []
    result = export_in_process(order(), control(lambda _control, phase: phases.append(phase)))
    artifact = open_artifact(result.path)
    assert artifact.manifest.method == "onnx-int4"
    assert result.bits_per_weight == artifact.manifest.bits_per_weight < 5
    assert result.mean_kld is not None
    assert result.top1 is not None
    assert result.top1 > 0.5
    assert phases[0] == "writing the vision encoder"
    assert left_behind() == ["exported"]
    assert export_processes() == []
    with pytest.raises(InputError, match="already installed"):
        export_in_process(order(), control(lambda _control, _phase: None))


def test_an_export_that_is_cancelled_half_way_leaves_nothing() -> None:
    seen: list[str] = []

    def cancel_at_the_decoder(running: JobControl, phase: str) -> None:
        seen.extend(left_behind())
        if phase == "comparing with the source":  # everything is written by then, nothing is installed
            running.cancel()

    with pytest.raises(CancelledError):
        export_in_process(order(), control(cancel_at_the_decoder))
    assert ".exported.partial" in seen
    assert left_behind() == []
    assert export_processes() == []


def test_an_export_whose_process_is_killed_leaves_nothing_and_says_so() -> None:
    def kill(_control: JobControl, phase: str) -> None:
        if phase == "comparing with the source":
            (child,) = export_processes()
            child.kill()

    with pytest.raises(ProcessDiedError, match="nothing was written"):
        export_in_process(order(), control(kill))
    assert left_behind() == []


def test_an_export_ends_when_its_caller_is_gone() -> None:
    child = export_job.Child("medmo_desktop.machine.export_process")
    child.send("export", export_job._values(order()))
    child.receive()
    process = psutil.Process(child.pid)
    assert child._process.stdin is not None
    child._process.stdin.close()  # what the system does when the caller dies
    process.wait(10)
    child.kill()


def test_a_wrong_checkpoint_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match=r"config\.json") as caught:
        export_in_process(order(checkpoint=tmp_path), control(lambda _control, _phase: None))
    assert "Traceback" not in str(caught.value)
    assert left_behind() == []


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_packages("onnx-int4-rounded") is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    missing = missing_packages("gptq")
    assert missing is not None
    assert "torch" in missing
    assert "medmo-edge[torch]" in missing


def test_the_dialog_runs_an_export_and_cancels_it(qtbot: QtBot) -> None:
    dialog = ExportDialog()
    qtbot.addWidget(dialog)
    machine = probe_machine()
    dialog.set_models(describe_models(machine), machine)
    dialog.open_for(embedded_model_path())
    dialog.format_box.setCurrentIndex(dialog.format_box.findData("onnx-int4-rounded"))
    assert dialog.name_edit.text() == "medmo-tiny-onnx-int4-rounded"
    assert not dialog.samples_box.isEnabled()
    qtbot.waitUntil(lambda: not dialog.runner.busy)
    job = dialog.start()
    assert not dialog.start_button.isEnabled()
    began = threading.Event()
    job.progressed.connect(lambda *_: began.set())
    qtbot.waitUntil(began.is_set, timeout=60_000)
    assert left_behind() != []
    before = time.monotonic()
    with qtbot.waitSignal(job.cancelled, timeout=20_000):
        dialog.strip.cancel_button.click()
        assert time.monotonic() - before < 5
    assert left_behind() == []
    assert dialog.start_button.isEnabled()
    dialog.shut_down()


def test_a_name_that_would_leave_the_library_cannot_be_exported_to(qtbot: QtBot) -> None:
    dialog = ExportDialog()
    qtbot.addWidget(dialog)
    machine = probe_machine()
    assert not dialog.start_button.isEnabled()
    dialog.set_models(describe_models(machine), machine)
    assert dialog.start_button.isEnabled()
    dialog.name_edit.setText("../elsewhere")
    assert not dialog.start_button.isEnabled()
    assert "cannot be a model's name" in dialog.problem.text()
    dialog.name_edit.setText("medmo-tiny")
    assert not dialog.start_button.isEnabled()
    dialog.shut_down()
