"""The list of models on the real widget: import with progress and cancel, verify, choose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.machine.models import FitVerdict, ModelRow
from medmo_desktop.machine.models_panel import ModelsPanel
from medmo_models.library import embedded_model_path, find_model, list_models
from medmo_runtime.hardware import probe_machine
from support.model_files import flip_byte


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ModelsPanel]:
    made = ModelsPanel()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: len(made.rows) > 0, timeout=20_000)
    yield made
    made.shut_down()


def names(panel: ModelsPanel) -> list[str]:
    return [row.model.name for row in panel.rows]


def test_the_embedded_model_is_there_and_can_be_chosen(panel: ModelsPanel, qtbot: QtBot) -> None:
    panel.table.selectRow(0)
    with qtbot.waitSignal(panel.model_chosen) as chosen:
        panel.use_button.click()
    assert chosen.args == [[str(embedded_model_path())], False]
    item = panel.table.item(0, 0)
    assert item is not None
    assert item.text()  # a mark, not a colour, says which one is in use


def test_an_import_shows_its_progress_and_ends_in_the_list(panel: ModelsPanel, qtbot: QtBot) -> None:
    told: list[tuple[int, int]] = []
    job = panel.import_from(embedded_model_path(), "copy")
    job.progressed.connect(lambda _phase, done, total: told.append((done, total)))
    with qtbot.waitSignal(job.succeeded, timeout=20_000):
        pass
    qtbot.waitUntil(lambda: "copy" in names(panel), timeout=20_000)
    assert "SHA-256" in panel.strip.label.text()
    assert told == sorted(told)
    assert len(told) > 5
    assert told[-1][0] == told[-1][1] > 10**7
    assert find_model("copy").is_dir()


def test_a_cancelled_import_installs_nothing_and_goes_on_later(
    panel: ModelsPanel, qtbot: QtBot, private_folders: Path
) -> None:
    job = panel.import_from(embedded_model_path(), "copy")
    with qtbot.waitSignal(job.finished, timeout=20_000):
        panel.strip.cancel_button.click()
    assert "cancel" in panel.strip.label.text()
    assert not panel.strip.running
    assert "copy" not in [model.name for model in list_models()]
    again = panel.import_from(embedded_model_path(), "copy")
    with qtbot.waitSignal(again.succeeded, timeout=20_000):
        pass
    assert "copy" in [model.name for model in list_models()]


def test_a_folder_that_is_no_model_is_refused_in_a_sentence(panel: ModelsPanel, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    job = panel.import_from(tmp_path / "nothing")
    with qtbot.waitSignal(job.failed, timeout=20_000):
        pass
    assert "config.json" in panel.strip.label.text()
    assert panel.import_button.isEnabled()


def test_verifying_finds_a_flipped_byte(panel: ModelsPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.import_from(embedded_model_path(), "copy").succeeded, timeout=20_000):
        pass
    with qtbot.waitSignal(panel.verify(find_model("copy")).succeeded, timeout=20_000):
        pass
    assert "as its manifest says" in panel.strip.label.text()
    flip_byte(find_model("copy") / "model.safetensors", keep_time=True)
    with qtbot.waitSignal(panel.verify(find_model("copy")).failed, timeout=20_000):
        pass
    assert "damaged" in panel.strip.label.text()


def test_a_model_that_is_too_large_can_only_be_used_anyway(panel: ModelsPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not panel.runner.busy, timeout=20_000)
    fit = FitVerdict("too-large", "bf16 on reference/cpu", "needs more", 5 * 10**9, 4 * 10**9)
    panel._take((probe_machine(), (ModelRow(panel.rows[0].model, fit),)))
    assert not panel.use_button.isEnabled()
    item = panel.table.item(0, 7)
    assert item is not None
    assert item.text() == "needs 5.0 GB of 4.0 GB free: 1.0 GB are missing"
    with qtbot.waitSignal(panel.model_chosen) as chosen:
        panel.anyway_button.click()
    assert chosen.args is not None
    assert chosen.args[1] is True
