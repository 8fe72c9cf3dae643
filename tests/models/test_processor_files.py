"""The forms in which checkpoints carry tokenizer, chat template and image settings, and what happens without them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoProcessor

from medmo_models.errors import InputError
from medmo_models.preprocessing import ChatTurn, PromptPreparer
from support.checkpoints import random_image
from support.stock_processor import stock_inputs
from tiny_training.skeleton import CHAT_TEMPLATE

TURN = ChatTurn("user", "Where?", (random_image(4, 500, 330),))


@pytest.fixture
def checkpoint(processor_folder: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(processor_folder, tmp_path / "checkpoint")


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def as_transformers_4_57(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": CHAT_TEMPLATE}))


def as_4_57_beside_a_text_template(folder: Path) -> None:
    as_transformers_4_57(folder)
    edit_json(folder / "tokenizer_config.json", chat_template="{% for m in messages %}text only{% endfor %}")


def as_transformers_5(folder: Path) -> None:
    processor = AutoProcessor.from_pretrained(folder)
    shutil.rmtree(folder)
    processor.save_pretrained(folder)
    assert (folder / "processor_config.json").exists()
    assert not (folder / "preprocessor_config.json").exists()


def as_5_beside_other_old_settings(folder: Path) -> None:
    AutoProcessor.from_pretrained(folder).save_pretrained(folder)
    edit_json(folder / "preprocessor_config.json", size={"shortest_edge": 1024, "longest_edge": 16384})


def as_old_limits(folder: Path) -> None:
    path = folder / "preprocessor_config.json"
    edit_json(path, min_pixels=160 * 160, max_pixels=224 * 224, size={"shortest_edge": 1024, "longest_edge": 16384})


@pytest.mark.parametrize(
    "change",
    [
        as_transformers_4_57,
        as_4_57_beside_a_text_template,
        as_transformers_5,
        as_5_beside_other_old_settings,
        as_old_limits,
    ],
)
def test_every_form_of_the_files_gives_the_same_inputs(processor_folder: Path, checkpoint: Path, change: Any) -> None:
    change(checkpoint)
    expected, prompt = (PromptPreparer(folder, 1 << 20).prepare([TURN]) for folder in (processor_folder, checkpoint))
    np.testing.assert_array_equal(prompt.input_ids, expected.input_ids)
    np.testing.assert_array_equal(prompt.pixel_values, expected.pixel_values)
    stock = stock_inputs(checkpoint, [TURN])
    np.testing.assert_array_equal(prompt.input_ids, stock["input_ids"][0])
    np.testing.assert_array_equal(prompt.image_grids, stock["image_grid_thw"])


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["tokenizer.json"], "tokenizer.json"),
        (["tokenizer.json", "tokenizer_config.json"], "tokenizer.json"),
        (["chat_template.jinja"], "no chat template"),
        (["preprocessor_config.json"], "processor_config.json"),
    ],
)
def test_a_missing_file_is_one_clear_sentence(checkpoint: Path, names: list[str], says: str) -> None:
    for name in names:
        (checkpoint / name).unlink()
    with pytest.raises(InputError, match=says) as raised:
        PromptPreparer(checkpoint, 1 << 20)
    assert str(checkpoint) in str(raised.value)
    assert "copy" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("tokenizer.json", "{}", "no readable tokenizer"),
        ("preprocessor_config.json", "[]", "JSON object"),
        ("preprocessor_config.json", '{"size": ', "not valid JSON"),
        ("preprocessor_config.json", '{"patch_size": 16}', "merge_size"),
        ("preprocessor_config.json", '{"merge_size": "2"}', "merge_size"),
        ("processor_config.json", '{"image_processor": 3}', "image_processor"),
        ("chat_template.json", "{}", "chat_template"),
    ],
)
def test_a_damaged_file_is_one_clear_sentence(checkpoint: Path, name: str, content: str, says: str) -> None:
    (checkpoint / name).write_text(content)
    with pytest.raises(InputError, match=says) as raised:
        PromptPreparer(checkpoint, 1 << 20)
    assert str(checkpoint) in str(raised.value)
