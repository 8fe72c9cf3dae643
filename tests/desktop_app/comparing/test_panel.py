"""The comparison on the real widget, with the embedded model in full precision and in 4 bits behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from medmo_desktop.canvas.view_state import ViewState
from medmo_desktop.comparing.boxes import BoxComparison, compare_boxes
from medmo_desktop.comparing.panel import ComparePanel
from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.machine.embedded_copy import fast_copy_folder
from medmo_desktop.study.model import Frame, FrameReference, GreyWindow
from medmo_desktop.study.reading import read_frame
from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.library import EMBEDDED_NAME, embedded_model_path
from medmo_models.phantoms import make_phantom
from medmo_runtime.measurements import MeasurementStore


@pytest.fixture(scope="module")
def rounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an ONNX export of the embedded model, rounded to nearest."""
    folder: Path = tmp_path_factory.mktemp("exports") / "rounded"
    run_export(
        ExportRequest(method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, round_to_nearest=True)
    )
    return folder


@pytest.fixture
def frame(tmp_path: Path) -> Frame:
    Image.fromarray(make_phantom(5, 3).pixels).save(tmp_path / "phantom.png")
    return read_frame(FrameReference(tmp_path / "phantom.png"))


@pytest.fixture
def panel(qtbot: QtBot, frame: Frame) -> Iterator[ComparePanel]:
    made = ComparePanel()
    qtbot.addWidget(made)
    made.resize(1200, 900)
    made.show()
    qtbot.waitUntil(lambda: made.choosers[0].side() is not None, timeout=20_000)
    made.choosers[1].model_box.setCurrentIndex(0)  # not the copy, which would be made first
    made.show_frame(frame)
    yield made
    made.shut_down()


def workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "medmo_runtime.worker.process" in child.cmdline()]


@pytest.mark.slow
def test_the_whole_story(panel: ComparePanel, qtbot: QtBot, rounded: Path, private_folders: Path) -> None:
    (private_folders / "models").mkdir()
    (private_folders / "models" / "four-bit").symlink_to(rounded, target_is_directory=True)
    panel.refresh_models()
    second = panel.choosers[1]
    qtbot.waitUntil(lambda: second.model_box.findText("four-bit (onnx-int4)") >= 0, timeout=20_000)
    panel.choosers[0].model_box.setCurrentText(f"{EMBEDDED_NAME} (bf16)")
    second.model_box.setCurrentText("four-bit (onnx-int4)")
    panel.noise_box.setChecked(True)
    phases: list[str] = []
    running: list[int] = []
    job = panel.compare()
    assert job is not None
    assert not panel.compare_button.isEnabled()
    job.progressed.connect(lambda phase, _done, _total: phases.append(phase))
    job.progressed.connect(lambda *_: running.append(len(workers())))
    with qtbot.waitSignal(panel.compared, timeout=180_000):
        pass
    assert phases[-4:] == [
        "second, loading the model",
        "second, encoding the image",
        "second, reading the question",
        "second, writing the answer",
    ]
    assert "first, measuring the noise" in phases
    assert max(running) == 1  # never two models in memory
    qtbot.waitUntil(lambda: not panel.runner.busy, timeout=20_000)
    assert workers() == []
    assert panel.answers is not None
    first, other = panel.answers.first, panel.answers.second
    assert (first.answer.artifact.method, other.answer.artifact.method) == ("bf16", "onnx-int4")
    assert panel.sides[0].text.toPlainText() == first.answer.text
    assert "onnx" in panel.sides[1].heading.text()
    assert len(panel.comparison.rows) > 0
    assert panel.results.boxes.rowCount() == len(panel.comparison.rows)
    last = panel.results.costs.item(panel.results.costs.rowCount() - 1, 3)
    assert last is not None
    assert "the noise floor on this image" in last.text()
    assert panel.compare_button.isEnabled()
    pair = next(row for row in panel.comparison if row.first is not None and row.second is not None)
    panel.results.boxes.selectRow(panel.comparison.rows.index(pair))
    assert pair.first is not None
    assert pair.second is not None
    assert panel.sides[0].board.selected == pair.first.id
    assert panel.sides[1].board.selected == pair.second.id


@pytest.fixture
def tested_before_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Self-tests run, as they do outside of the tests."""
    monkeypatch.delenv("MEDMO_SKIP_SELF_TEST")


def kept_copy(rounded: Path) -> Path:
    """Put a 4-bit copy of the embedded model where the program keeps its own."""
    fast_copy_folder().parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(rounded, fast_copy_folder())
    return fast_copy_folder()


def titles(panel: ComparePanel) -> list[list[str]]:
    return [[box.itemText(row) for row in range(box.count())] for box in (one.model_box for one in panel.choosers)]


def test_the_built_in_model_and_its_copy_are_offered_first_and_against_each_other(
    panel: ComparePanel, qtbot: QtBot, rounded: Path, private_folders: Path
) -> None:
    assert titles(panel)[1][1] == f"{EMBEDDED_NAME} (onnx-int4), made on first use"
    panel.choosers[1].model_box.setCurrentIndex(1)
    (private_folders / "models").mkdir()
    (private_folders / "models" / "a-model").symlink_to(rounded, target_is_directory=True)
    copy = kept_copy(rounded)
    panel.refresh_models()
    expected = [f"{EMBEDDED_NAME} (bf16)", f"{EMBEDDED_NAME} (onnx-int4)", "a-model (onnx-int4)"]
    qtbot.waitUntil(lambda: titles(panel) == [expected, expected], timeout=20_000)
    sides = panel.pair.sides()
    assert sides is not None
    assert (sides[0].artifact, sides[1].artifact) == (embedded_model_path(), copy)
    assert not sides[1].to_make


def test_a_picked_folder_is_offered_on_both_sides_and_stays(panel: ComparePanel, qtbot: QtBot, rounded: Path) -> None:
    job = panel.pair.add_folder(rounded, 0)
    with qtbot.waitSignal(job.finished, timeout=20_000):
        pass
    sides = panel.pair.sides()
    assert sides is not None
    assert sides[0].artifact == rounded
    assert sides[1].artifact != rounded
    assert f"{rounded.name} (onnx-int4)" in titles(panel)[1]
    backends = panel.choosers[0].backend_box
    assert [backends.itemText(row) for row in range(backends.count())] == [
        "best backend",
        "onnx",
        "onnx-openvino",
        "openvino",
    ]
    panel.refresh_models()
    qtbot.waitUntil(lambda: not panel.runner.busy, timeout=20_000)
    assert panel.pair.sides() == sides


def test_a_folder_without_a_model_is_refused_in_a_sentence(panel: ComparePanel, qtbot: QtBot, tmp_path: Path) -> None:
    before = titles(panel)
    job = panel.pair.add_folder(tmp_path, 1)
    with qtbot.waitSignal(job.failed, timeout=20_000):
        pass
    assert panel.strip.label.text().startswith("Failed: ")
    assert str(tmp_path) in panel.strip.label.text()
    assert titles(panel) == before


@pytest.mark.slow
@pytest.mark.usefixtures("tested_before_use")
def test_backends_are_tested_once_before_they_are_compared(panel: ComparePanel, qtbot: QtBot, rounded: Path) -> None:
    kept_copy(rounded)
    panel.refresh_models()
    qtbot.waitUntil(lambda: titles(panel)[1][1] == f"{EMBEDDED_NAME} (onnx-int4)", timeout=20_000)
    panel.choosers[1].model_box.setCurrentIndex(1)
    for expected in (["first", "second"], []):
        phases: list[str] = []
        job = panel.compare()
        assert job is not None
        job.progressed.connect(lambda phase, _done, _total, phases=phases: phases.append(phase))
        with qtbot.waitSignal(panel.compared, timeout=300_000):
            pass
        qtbot.waitUntil(lambda: not panel.runner.busy, timeout=20_000)
        tested = [phase.partition(",")[0] for phase in phases if "testing the backend on this machine" in phase]
        # A side may have several backends to test; the second time, what is remembered is enough.
        assert list(dict.fromkeys(tested)) == expected
    assert panel.answers is not None
    costs = panel.results.costs
    rows = {costs.item(row, 0).text(): row for row in range(costs.rowCount())}  # type: ignore[union-attr]
    for figure in ("load", "vision", "prefill", "decoding", "peak memory"):
        for side in (1, 2):
            cell = costs.item(rows[figure], side)
            assert cell is not None
            assert any(character.isdigit() for character in cell.text()), figure


@pytest.mark.usefixtures("tested_before_use")
def test_cancelling_a_self_test_ends_its_process_and_condemns_nobody(panel: ComparePanel, qtbot: QtBot) -> None:
    job = panel.compare()
    assert job is not None
    qtbot.waitUntil(lambda: len(workers()) == 1, timeout=20_000)
    assert "testing the backend" in panel.strip.label.text()
    with qtbot.waitSignal(job.cancelled, timeout=20_000):
        panel.strip.cancel_button.click()
    assert workers() == []
    assert not list(MeasurementStore().folder.glob("*.json"))


def test_cancelling_while_a_model_loads_ends_its_process(panel: ComparePanel, qtbot: QtBot) -> None:
    job = panel.compare()
    assert job is not None
    qtbot.waitUntil(lambda: len(workers()) == 1, timeout=20_000)
    with qtbot.waitSignal(job.cancelled, timeout=20_000):
        panel.strip.cancel_button.click()
    assert workers() == []
    assert panel.answers is None
    assert panel.compare_button.isEnabled()


def test_cancelling_before_there_is_a_process_loads_nothing(panel: ComparePanel, qtbot: QtBot) -> None:
    job = panel.compare()
    assert job is not None
    with qtbot.waitSignal(job.cancelled, timeout=20_000):
        job.cancel()
    assert workers() == []


def test_a_model_whose_process_is_killed_is_reported_and_can_be_asked_again(panel: ComparePanel, qtbot: QtBot) -> None:
    job = panel.compare()
    assert job is not None
    qtbot.waitUntil(lambda: len(workers()) == 1, timeout=20_000)
    with qtbot.waitSignal(job.failed, timeout=20_000) as failed:
        workers()[0].kill()
    assert failed.args is not None
    assert "killed" in failed.args[0]
    assert "killed" in panel.strip.label.text()
    assert panel.compare_button.isEnabled()


def test_pan_zoom_and_window_are_linked_until_the_box_is_cleared(panel: ComparePanel) -> None:
    one, other = (side.canvas for side in panel.sides)
    view = ViewState(window=GreyWindow(100.0, 50.0), zoom=3.0, centre=(20.0, 30.0), rotation=90)
    one.apply_view(view)
    assert other.view == view
    other.apply_view(replace(view, zoom=2.0))
    assert one.view.zoom == 2.0
    panel.link_box.setChecked(False)
    one.apply_view(replace(view, zoom=5.0))
    assert other.view.zoom == 2.0


def test_boxes_of_a_comparison_cannot_be_edited(panel: ComparePanel) -> None:
    board = panel.sides[0].board
    board.show(BoxSet((MarkedBox("m0", "Mass", (1, 1, 5, 5)),)))
    board.edit(BoxSet(), "Delete box")
    assert len(board.boxes) == 1


def test_another_image_takes_the_results_away(panel: ComparePanel, frame: Frame) -> None:
    one = BoxSet((MarkedBox("m0", "Mass", (1, 1, 5, 5)),))
    panel._show_comparison(compare_boxes(one, one, (10, 10)))
    panel.results.boxes.show_comparison(panel.comparison)
    assert panel.results.boxes.rowCount() == 1
    panel.show_frame(frame)
    assert panel.results.boxes.rowCount() == 0
    assert panel.comparison == BoxComparison()


def test_nothing_can_be_asked_without_a_question(panel: ComparePanel) -> None:
    panel.set_prompt("  ")
    assert not panel.compare_button.isEnabled()
    assert panel.compare() is None


def test_a_box_under_the_pointer_lights_its_partner(panel: ComparePanel) -> None:
    ones = BoxSet((MarkedBox("m0", "Mass", (1, 1, 5, 5)), MarkedBox("m1", "Cyst", (50, 50, 60, 60))))
    others = BoxSet((MarkedBox("m0", "Cyst", (50, 50, 60, 61)),))
    for side, boxes in zip(panel.sides, (ones, others), strict=True):
        side.board.show(boxes)
    panel._show_comparison(compare_boxes(ones, others, (100, 100)))
    panel.sides[0].board.hover("m1")
    assert panel.sides[1].board.hovered == "m0"
    panel.sides[0].board.hover("m0")
    assert panel.sides[1].board.hovered is None
    assert panel.sides[0].board.hovered == "m0"
    panel.sides[1].board.hover("m0")
    assert panel.sides[0].board.hovered == "m1"
