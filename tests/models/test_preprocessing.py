from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medmo_models.errors import InputError
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from support.checkpoints import random_image
from support.stock_processor import stock_inputs

#: Larger than what the test's processor settings allow (224 x 224), so that they decide.
NO_CAP = 1 << 20
#: One step of an 8-bit pixel after normalization to -1..1.
ONE_LEVEL = 2 / 255


@pytest.fixture(scope="module")
def preparer(processor_folder: Path) -> PromptPreparer:
    return PromptPreparer(processor_folder, NO_CAP)


def question(*sizes: tuple[int, int], text: str = "Où est la lésion? 12 mm <box>") -> ChatTurn:
    return ChatTurn("user", text, tuple(random_image(seed, *size) for seed, size in enumerate(sizes)))


def check_tokens(prompt: PreparedPrompt, stock: dict[str, object]) -> None:
    np.testing.assert_array_equal(prompt.input_ids, stock["input_ids"][0])  # type: ignore[index]
    np.testing.assert_array_equal(prompt.token_types, stock["mm_token_type_ids"][0])  # type: ignore[index]


@pytest.mark.parametrize(
    "sizes",
    [
        ((171, 243),),
        ((243, 171),),  # wider and lower than before: Pillow 13 alone would take the height first
        ((17, 23),),
        ((1000, 701),),
        ((900, 200),),
        ((1, 150),),
        ((3, 600),),
        ((171, 243), (300, 199)),
        ((199, 300), (64, 480), (199, 300)),
    ],
    ids=str,
)
def test_images_are_prepared_as_by_transformers(
    processor_folder: Path, preparer: PromptPreparer, sizes: tuple[tuple[int, int], ...]
) -> None:
    turn = question(*sizes)
    prompt, stock = preparer.prepare([turn]), stock_inputs(processor_folder, [turn])
    check_tokens(prompt, stock)
    np.testing.assert_array_equal(prompt.image_grids, stock["image_grid_thw"])
    assert prompt.pixel_values is not None
    # Its resize is torchvision's, ours Pillow's: the kernels round a few pixels differently.
    difference = np.abs(prompt.pixel_values - stock["pixel_values"].numpy())
    assert difference.max() < 2.01 * ONE_LEVEL
    assert (difference > 0.5 * ONE_LEVEL).mean() < 0.01
    assert prompt.image_tokens == sum(width * height // 32**2 for width, height in prompt.model_sizes)
    assert [(width // 16, height // 16) for width, height in prompt.model_sizes] == [
        (columns, rows) for _, rows, columns in stock["image_grid_thw"].tolist()
    ]


@pytest.mark.parametrize("sizes", [((224, 224),), ((192, 160),), ((32, 1024),), ((160, 256), (256, 160))], ids=str)
def test_an_image_of_whole_tokens_is_not_resized(
    processor_folder: Path, preparer: PromptPreparer, sizes: tuple[tuple[int, int], ...]
) -> None:
    turn = question(*sizes)
    prompt, stock = preparer.prepare([turn]), stock_inputs(processor_folder, [turn])
    check_tokens(prompt, stock)
    assert prompt.model_sizes == sizes
    assert prompt.pixel_values is not None
    np.testing.assert_allclose(prompt.pixel_values, stock["pixel_values"], rtol=0, atol=1e-6)


def test_a_conversation_is_rendered_as_by_transformers(processor_folder: Path, preparer: PromptPreparer) -> None:
    turns = [
        ChatTurn("system", "You read images."),
        question((160, 192), (192, 160), text="Compare both."),
        ChatTurn("assistant", "Both are normal.\n"),
        question((224, 224), text=" And this one? "),
    ]
    prompt, stock = preparer.prepare(turns), stock_inputs(processor_folder, turns)
    check_tokens(prompt, stock)
    np.testing.assert_array_equal(prompt.image_grids, stock["image_grid_thw"])
    assert preparer.tokenizer.decode(prompt.input_ids[-3:]) == "<|im_start|>assistant\n"
    shorter = preparer.prepare(turns, add_generation_prompt=False)
    np.testing.assert_array_equal(shorter.input_ids, prompt.input_ids[:-3])


def test_a_question_without_images_has_no_pixels(processor_folder: Path, preparer: PromptPreparer) -> None:
    prompt = preparer.prepare([question()])
    check_tokens(prompt, stock_inputs(processor_folder, [question()]))
    assert prompt.pixel_values is None
    assert prompt.image_grids is None
    assert prompt.image_tokens == 0


def test_max_pixels_caps_every_image(processor_folder: Path) -> None:
    cap = 20 * 32**2
    prompt = PromptPreparer(processor_folder, cap).prepare([question((1000, 701), (400, 200))])
    for width, height in prompt.model_sizes:
        assert 0.6 * cap < width * height <= cap
        assert width > height
    assert prompt.image_tokens == sum(width * height // 32**2 for width, height in prompt.model_sizes)


@pytest.mark.parametrize("size", [(201, 1), (1, 201), (5, 1001)])
def test_an_image_of_more_than_200_to_1_is_refused(preparer: PromptPreparer, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"{size[0]} x {size[1]} pixels.*crop"):
        preparer.prepare([question((224, 224), size)])


@pytest.mark.parametrize("token", ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|im_start|>", "<|im_end|>"])
def test_a_control_token_in_a_text_is_refused(preparer: PromptPreparer, token: str) -> None:
    with pytest.raises(InputError, match="control token") as raised:
        preparer.prepare([question((224, 224), text=f"What is{token}this?")])
    assert token in str(raised.value)
    with pytest.raises(InputError, match="control token"):
        preparer.prepare([question(), ChatTurn("assistant", f"Normal.{token}"), question()])


def test_without_torch_the_inputs_are_the_same(
    processor_folder: Path, preparer: PromptPreparer, tmp_path: Path
) -> None:
    image = random_image(4, 243, 171)
    np.save(tmp_path / "image.npy", image)
    script = """
import sys
sys.modules["torch"] = sys.modules["torchvision"] = None
from pathlib import Path
import numpy as np
from medmo_models.preprocessing import ChatTurn, PromptPreparer
turn = ChatTurn("user", "Where?", (np.load("image.npy"),))
prompt = PromptPreparer(Path(sys.argv[1]), int(sys.argv[2])).prepare([turn])
np.savez("prompt.npz", ids=prompt.input_ids, types=prompt.token_types, pixels=prompt.pixel_values)
"""
    subprocess.run([sys.executable, "-c", script, processor_folder, str(NO_CAP)], cwd=tmp_path, check=True)
    expected = preparer.prepare([ChatTurn("user", "Where?", (image,))])
    with np.load(tmp_path / "prompt.npz") as made:
        np.testing.assert_array_equal(made["ids"], expected.input_ids)
        np.testing.assert_array_equal(made["types"], expected.token_types)
        np.testing.assert_array_equal(made["pixels"], expected.pixel_values)
