"""``--calibration``: every source it names, and what it says about each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medmo_cli.calibration import open_calibration
from medmo_models.errors import InputError
from medmo_models.library import embedded_model_path
from support.command import run_medmo


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    Image.fromarray(np.full((100, 200, 3), 90, dtype=np.uint8)).save(tmp_path / "film.png")
    rows = [
        {"image": "film.png", "prompt": "Where?", "boxes": [{"label": "Nodule", "box": [20, 50, 40, 60]}]},
        {"image": "film.png", "prompt": "Is it so?", "answer": "yes", "scoring": "closed", "modality": "CT"},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_phantoms_are_the_default() -> None:
    opened = open_calibration(None, 4, text_only=False)
    assert opened.id == "phantoms:seed=99,count=4"
    assert opened.images == 4


def test_a_dataset_of_compare_calibrates_with_its_true_answers(questions: Path) -> None:
    opened = open_calibration(str(questions), 2, text_only=False)
    answers = [sample.turns[1].text for sample in opened.samples]
    assert answers == ["Nodule <box>[[100, 500, 200, 600]]</box>", "yes"]  # on MedMO's grid of 1000
    assert opened.modalities == {"boxes": 1, "CT": 1}


def test_text_only_leaves_the_images_out(questions: Path) -> None:
    assert open_calibration(str(questions), 2, text_only=True).images == 0


@pytest.mark.parametrize("text", ["nothing.jsonl", "slake:/nowhere", "nonsense"])
def test_a_set_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=text.partition(":")[0]):
        open_calibration(text, 2, text_only=False)


def test_the_command_refuses_a_bad_set_before_it_works_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    out = tmp_path / "out"
    model, calibration = str(embedded_model_path()), str(tmp_path / "empty.jsonl")
    finished = run_medmo("export", "gptq", "--model", model, "--out", str(out), "--calibration", calibration)
    assert finished.code == 2
    assert "holds no calibration samples" in finished.sentence()
    assert [path.name for path in tmp_path.iterdir()] == ["empty.jsonl"]
