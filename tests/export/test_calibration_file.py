"""Calibration sets from a file of chat messages: read as the format says, refused with the line that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medmo_export.calibration import CalibrationSet, calibration_hash
from medmo_export.calibration_file import is_chat_file, read_calibration_file
from medmo_models.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.full((40, 60, 3), 90, dtype=np.uint8)).save(tmp_path / "film.png")
    return tmp_path


def write(folder: Path, *rows: Any) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def chat(answer: str = "No.", image: str | None = "film.png", **more: Any) -> dict[str, Any]:
    picture = [] if image is None else [{"type": "image", "image": image}]
    question = {"role": "user", "content": [*picture, {"type": "text", "text": "Is there a fracture?"}]}
    return {"messages": [question, {"role": "assistant", "content": answer}], **more}


def test_images_texts_and_modalities_are_read_in_order(folder: Path) -> None:
    path = write(folder, chat(modality="chest X-ray"), "", chat("Yes.", image=None))
    assert is_chat_file(path)
    first, second = read_calibration_file(path, 2)
    assert [turn.role for turn in first.turns] == ["user", "assistant"]
    assert first.turns[0].images[0].shape == (40, 60, 3)
    assert (first.turns[0].text, first.turns[1].text) == ("Is there a fracture?", "No.")
    assert (first.modality, second.modality) == ("chest X-ray", "not stated")
    assert second.turns[0].images == ()


def test_a_set_counts_its_modalities_and_can_do_without_images(folder: Path) -> None:
    path = write(folder, chat(modality="CT"), chat(modality="CT"), chat(modality="MR"))
    whole = CalibrationSet("chat:set.jsonl", tuple(read_calibration_file(path, 3)))
    assert whole.modalities == {"CT": 2, "MR": 1}
    assert whole.images == 3
    text = whole.without_images()
    assert text.images == 0
    assert calibration_hash(text.samples) != calibration_hash(whole.samples)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{", "line 1: not valid JSON"),
        ({"prompt": "x"}, '"messages"'),
        ({"messages": [{"role": "doctor", "content": "x"}]}, '"role"'),
        ({"messages": [{"role": "user", "content": "x"}]}, "message of the assistant"),
        ({"messages": [{"role": "user", "content": [{"type": "video", "video": "x"}]}]}, "a part must be"),
        (chat(image="../film.png"), "outside of the folder"),
        (chat(image="missing.png"), "missing.png"),
        (chat(modality=3), '"modality" must be a text'),
    ],
)
def test_what_is_wrong_is_named_with_its_line(folder: Path, row: Any, words: str) -> None:
    with pytest.raises(InputError) as error:
        read_calibration_file(write(folder, row), 1)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_a_missing_and_a_short_set_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="holds no calibration samples"):
        read_calibration_file(write(folder, ""), 1)
    with pytest.raises(InputError, match="cannot be read"):
        read_calibration_file(folder / "nothing.jsonl", 1)
    with pytest.raises(InputError, match="holds 1 samples, fewer than --samples 2"):
        read_calibration_file(write(folder, chat()), 2)
