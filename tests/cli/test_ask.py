from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from medmo_models.library import embedded_model_path
from support.command import run_medmo


def test_json_has_the_documented_shape_and_the_text_s_boxes_in_pixels(phantom_png: Path) -> None:
    done = run_medmo("ask", str(phantom_png), "--task", "localize", "--json")
    assert done.code == 0, done.err
    answer = done.json
    assert set(answer) == {"text", "findings", "marks", "image", "artifact", "backend", "stats"}
    width, height = Image.open(phantom_png).size
    assert (answer["image"]["width"], answer["image"]["height"]) == (width, height)
    assert answer["image"]["model_width"] % 32 == 0
    boxes = [box for finding in answer["findings"] for box in finding["boxes"]]
    assert boxes, answer["text"]
    for box in boxes:
        assert box["pixels"] == pytest.approx(np.array(box["raw"]) * [width, height, width, height] / 1000)
        assert 0 < box["confidence"] <= 1
    assert answer["artifact"]["method"] == "bf16"
    assert answer["backend"]["name"] == "reference"
    stats = answer["stats"]
    assert stats["finish_reason"] == "stop"
    assert 0 < stats["image_tokens"] < stats["prompt_tokens"]
    assert stats["new_tokens"] > 10
    assert stats["peak_memory_bytes"] > 10_000_000


def test_a_dicom_image_is_answered_and_its_overlay_has_the_film_s_size(tmp_path: Path) -> None:
    film = get_testdata_file("RG1_UNCR.dcm", download=False)
    overlay = tmp_path / "film.png"
    done = run_medmo("ask", str(film), "--prompt", "Is there a nodule?", "--overlay", str(overlay), "--json")
    assert done.code == 0, done.err
    assert (done.json["image"]["width"], done.json["image"]["height"]) == (1841, 1955)
    with Image.open(overlay) as picture:
        assert picture.width == 1841
        assert picture.height > 1955  # the caption's rows are added below the film
        assert not picture.info.get("exif")


def test_people_see_streamed_text_boxes_and_the_reason(phantom_png: Path) -> None:
    done = run_medmo("ask", str(phantom_png), "--task", "localize")
    assert done.code == 0
    assert "<box>[[" in done.out
    assert " px" in done.out
    assert "reference/cpu" in done.err
    assert "Not for diagnosis" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.png", "--task", "localize"], "missing.png"),
        (["IMAGE"], "--prompt"),
        (["IMAGE", "--task", "dance"], "localize"),
        (["IMAGE", "--task", "vqa", "--backend", "warp"], "reference"),
        (["IMAGE", "--task", "vqa", "--backend", "gptq"], "cannot load bf16"),
        (["IMAGE", "--task", "vqa", "--artifact", "nowhere"], "medmo-tiny"),
        (["IMAGE", "--task", "vqa", "--window", "wide"], "center/width"),
        (["IMAGE", "--task", "vqa", "--dtype", "int3"], "bfloat16"),
        (["IMAGE", "--task", "vqa", "--preprocessing", "new"], "readme"),
        (["IMAGE", "--prompt", "what <|image_pad|> is"], "control token"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments: list[str], says: str, phantom_png: Path) -> None:
    done = run_medmo("ask", *[str(phantom_png) if word == "IMAGE" else word for word in arguments])
    assert done.code == 2
    assert says in done.sentence()
    assert done.out == ""


def test_a_device_that_is_not_there_is_exit_3_with_the_reason(phantom_png: Path) -> None:
    done = run_medmo("ask", str(phantom_png), "--task", "vqa", "--device", "cuda:7")
    assert done.code == 3
    assert "torch sees no cuda:7" in done.sentence()


def test_a_text_file_is_no_image_and_no_overlay_is_left(tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("not an image")
    overlay = tmp_path / "out.png"
    done = run_medmo("ask", str(tmp_path / "note.png"), "--task", "localize", "--overlay", str(overlay))
    assert done.code == 2
    assert "note.png" in done.sentence()
    assert not overlay.exists()


def test_a_changed_byte_in_the_model_is_refused(tmp_path: Path, phantom_png: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(embedded_model_path(), copy)
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-100] ^= 1
    weights.write_bytes(content)
    done = run_medmo("ask", str(phantom_png), "--task", "vqa", "--artifact", str(copy))
    assert done.code == 2
    assert "model.safetensors" in done.sentence()
    assert run_medmo("models", "verify", str(copy)).code == 2


def test_an_overlay_that_cannot_be_written_is_one_sentence(phantom_png: Path, tmp_path: Path) -> None:
    done = run_medmo("ask", str(phantom_png), "--task", "vqa", "--overlay", str(tmp_path / "no" / "such" / "o.png"))
    assert done.code == 2
    assert "o.png" in done.sentence()
