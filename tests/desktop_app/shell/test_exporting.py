"""Exports of a DICOM image from the window, with the warning about text in the pixels."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from medmo_desktop.keeping.case_file import read_case
from medmo_desktop.keeping.replay import replay_request
from medmo_desktop.shell.exporting import EXPORTS
from medmo_desktop.shell.main_window import MainWindow
from medmo_models.errors import InputError
from medmo_models.prompts import LOCALIZE_PROMPT
from support.dicom_validation import validation_errors
from support.viewer import ask, open_file


def test_with_neither_answer_nor_box_the_user_is_told_so(window: MainWindow, phantom: Path, qtbot: QtBot) -> None:
    open_file(qtbot, window, phantom)
    window.exporting.ask_where(EXPORTS[0])
    assert "ask about the image, or draw a box" in window.strip.label.text()


def test_boxes_drawn_without_a_question_are_exported_in_every_format(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    open_file(qtbot, window, Path(str(pydicom.data.get_testdata_file("CT_small.dcm"))))
    window.board.edit(window.board.boxes.added("mine", (10, 10, 60, 50)), "add")
    names = {"export-png": "a.png", "export-json": "a.json", "export-coco": "a.coco.json", "export-sr": "a.dcm"}
    for command, name in {**names, "save-case": "a.medmo-case"}.items():
        with qtbot.waitSignal(window.exporting.exported, timeout=30_000):
            window.exporting.export(command, tmp_path / name)
    written = json.loads((tmp_path / "a.json").read_text())
    assert (written["answer"], written["model"], written["prompt"]) == (None, None, "")
    assert [(box["label"], box["source"]) for box in written["boxes"]] == [("mine", "user")]
    coco = json.loads((tmp_path / "a.coco.json").read_text())
    assert coco["annotations"][0]["bbox"] == [10, 10, 50, 40]
    assert "no model was asked" in coco["info"]["description"]
    assert Image.open(tmp_path / "a.png").width >= 128
    assert validation_errors(tmp_path / "a.dcm") == []
    case = read_case(tmp_path / "a.medmo-case")
    assert case.record.boxes == window.board.boxes
    with pytest.raises(InputError, match="nothing to replay"):
        replay_request(case, [], same_model=False)


@pytest.mark.parametrize(("command", "keeps_patient"), [("export-sr", True), ("export-sr-anonymous", False)])
def test_a_report_joins_the_patient_unless_it_is_de_identified(
    command: str, keeps_patient: bool, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = Path(str(pydicom.data.get_testdata_file("CT_small.dcm")))
    open_file(qtbot, window, path)
    ask(qtbot, window, LOCALIZE_PROMPT)
    window.board.edit(window.board.boxes.added("mine", (10, 10, 60, 50)), "add")
    with qtbot.waitSignal(window.exporting.exported, timeout=30_000):
        window.exporting.export(command, tmp_path / "report.dcm")
    report = pydicom.dcmread(tmp_path / "report.dcm")
    original = pydicom.dcmread(path)
    assert (report.PatientID == original.PatientID) is keeps_patient
    assert (report.StudyInstanceUID == original.StudyInstanceUID) is keeps_patient


def test_a_presentation_state_holds_the_view_on_screen(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    open_file(qtbot, window, Path(str(pydicom.data.get_testdata_file("CT_small.dcm"))))
    ask(qtbot, window, LOCALIZE_PROMPT)
    window.board.edit(window.board.boxes.added("mine", (10, 10, 60, 50)), "add")
    canvas = window.series_view.canvas
    canvas.rotate_right()
    canvas.zoom_by(4.0)
    with qtbot.waitSignal(window.exporting.exported, timeout=30_000):
        window.exporting.export("export-gsps", tmp_path / "view.dcm")
    state = pydicom.dcmread(tmp_path / "view.dcm")
    area = state.DisplayedAreaSelectionSequence[0]
    seen = (area.DisplayedAreaTopLeftHandCorner[0], area.DisplayedAreaBottomRightHandCorner[1])
    assert state.ImageRotation == 90
    assert seen[0] > 1
    assert seen[1] < 128
    texts = [text.UnformattedTextValue for one in state.GraphicAnnotationSequence for text in one.TextObjectSequence]
    assert "mine (user)" in texts


def test_a_picture_comes_with_the_warning_about_text_in_its_pixels(
    window: MainWindow, phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    open_file(qtbot, window, phantom)
    ask(qtbot, window, LOCALIZE_PROMPT)
    with qtbot.waitSignal(window.exporting.exported, timeout=30_000):
        window.exporting.export("export-png", tmp_path / "a.png")
    assert "Saved a.png" in window.strip.label.text()
    assert "Look at every image before it leaves this machine" in window.strip.label.text()


def test_an_export_that_cannot_be_written_says_why_and_leaves_nothing(
    window: MainWindow, phantom: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    open_file(qtbot, window, phantom)
    ask(qtbot, window, LOCALIZE_PROMPT)
    missing = tmp_path / "no such folder" / "a.json"
    job = window.exporting.export("export-json", missing)
    assert job is not None
    with qtbot.waitSignal(job.failed, timeout=30_000):
        pass
    assert "Failed" in window.strip.label.text()
    assert not missing.parent.exists()
