"""MedMO's README script, run as it stands, is what ``--preprocessing readme`` must reproduce."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from medmo_models.errors import InputError
from medmo_models.preprocessing import ChatTurn, PromptPreparer
from medmo_models.readme_preprocessing import ReadmePreparer
from support.checkpoints import make_checkpoint, random_image
from support.stock_processor import chat_messages

SCRIPT = Path(__file__).parent / "data" / "medmo_readme_basic_usage.py"
#: Sums in bfloat16 depend on the number of threads, so script and command run alike.
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
END_TOKEN = 457
QUESTION = "What abnormalities are present in this chest X-ray?"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MedMO's own form: bfloat16 weights, greedy, and the processor's limits of Qwen3-VL but for the smallest size."""
    folder = make_checkpoint(tmp_path_factory.mktemp("readme") / "checkpoint", "untied", dtype=torch.bfloat16)
    processor = folder / "preprocessor_config.json"
    limits = {"size": {"shortest_edge": 1024, "longest_edge": 1 << 24}}
    processor.write_text(json.dumps({**json.loads(processor.read_text()), **limits}))
    # Two end tokens, as MedMO has; this network comes to the second one after some 40 tokens.
    generation = folder / "generation_config.json"
    settings = json.loads(generation.read_text())
    generation.write_text(json.dumps({**settings, "eos_token_id": [settings["eos_token_id"], END_TOKEN]}))
    return folder


def run_script(checkpoint: Path, image: Path) -> str:
    """Run the README's script with the two paths changed, and return what it prints."""
    code = SCRIPT.read_text(encoding="utf-8")
    changes = {
        "MBZUAI/MedMO-8B": str(checkpoint),
        "path/to/medical/image.png": str(image),
        # transformers refuses FlashAttention 2 where the flash-attn package is missing, which needs a CUDA GPU.
        "flash_attention_2": "sdpa",
    }
    for before, after in changes.items():
        assert before in code
        code = code.replace(before, after)
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().removesuffix("\n")


def test_the_answer_is_the_script_s_token_for_token(checkpoint: Path, tmp_path: Path) -> None:
    # 256 x 192 pixels become 252 x 196 in the script's first resize and 256 x 192 again in its second.
    Image.fromarray(random_image(3, 256, 192)).save(tmp_path / "image.png")
    text = run_script(checkpoint, tmp_path / "image.png")
    assert len(text) > 20
    command = [
        *(sys.executable, "-m", "medmo_cli", "ask", str(tmp_path / "image.png"), "--prompt", QUESTION),
        *("--artifact", str(checkpoint), "--preprocessing", "readme", "--json"),
    ]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    # The script keeps the end token, which only shows because this one is no special token.
    end = AutoProcessor.from_pretrained(checkpoint).tokenizer.decode([END_TOKEN])
    assert text.endswith(end)
    assert json.loads(done.stdout)["text"] == text.removesuffix(end)


@pytest.mark.parametrize(
    ("size", "first", "second"),
    [
        ((1024, 768), (1036, 756), (1024, 768)),
        ((1700, 1500), (1708, 1512), (1696, 1504)),  # larger than the other path allows
        ((20, 30), (56, 84), (64, 96)),
    ],
)
def test_an_image_is_resized_twice_and_not_capped(
    checkpoint: Path, size: tuple[int, int], first: tuple[int, int], second: tuple[int, int]
) -> None:
    turn = ChatTurn("user", QUESTION, (random_image(3, *size),))
    prompt = ReadmePreparer(checkpoint).prepare([turn])
    assert prompt.model_sizes == (second,)
    assert prompt.pixel_values is not None
    once = Image.fromarray(turn.images[0]).resize(first)
    expected = AutoProcessor.from_pretrained(checkpoint).image_processor(once, return_tensors="np")
    np.testing.assert_array_equal(prompt.pixel_values, expected["pixel_values"])
    standard = PromptPreparer(checkpoint, 1280 * 1280).prepare([turn])
    assert standard.pixel_values is not None
    assert standard.pixel_values.shape != prompt.pixel_values.shape or (
        np.abs(standard.pixel_values - prompt.pixel_values).max() > 0.1
    )


def test_a_conversation_and_a_question_without_an_image(checkpoint: Path) -> None:
    turns = [
        ChatTurn("user", "Compare.", (random_image(1, 256, 192), random_image(2, 192, 128))),
        ChatTurn("assistant", "Both are normal."),
        ChatTurn("user", QUESTION),
    ]
    preparer = ReadmePreparer(checkpoint)
    processor = AutoProcessor.from_pretrained(checkpoint)
    prompt = preparer.prepare(turns)
    stock = processor.apply_chat_template(
        chat_messages(turns), tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="np"
    )
    np.testing.assert_array_equal(prompt.input_ids, stock["input_ids"][0])
    np.testing.assert_array_equal(prompt.token_types, stock["mm_token_type_ids"][0])
    alone = preparer.prepare(turns[-1:])
    expected = PromptPreparer(checkpoint, 1280 * 1280).prepare(turns[-1:])
    np.testing.assert_array_equal(alone.input_ids, expected.input_ids)
    assert alone.pixel_values is None
    assert alone.image_tokens == 0


def test_what_the_script_would_fail_on_is_refused_in_one_sentence(checkpoint: Path) -> None:
    preparer = ReadmePreparer(checkpoint)
    with pytest.raises(InputError, match="control token"):
        preparer.prepare([ChatTurn("user", "What is <|image_pad|> this?")])
    for size in [(1, 201), (30, 5990)]:  # the second is too thin only after the first resize
        with pytest.raises(InputError, match="longer than 200 times"):
            preparer.prepare([ChatTurn("user", QUESTION, (random_image(3, *size),))])
