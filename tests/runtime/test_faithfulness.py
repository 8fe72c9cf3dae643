"""What the runtime computes is what transformers computes, on networks in which nothing can hide."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import Qwen3VLForConditionalGeneration

from medmo_models.artifact import open_model
from medmo_models.preprocessing import ChatTurn, PreparedPrompt
from medmo_runtime.session import Session
from support.checkpoints import SHAPES, greedy_tokens, make_checkpoint, random_image
from support.stock_processor import stock_inputs

NEW_TOKENS = 24


def asked(*sizes: tuple[int, int], text: str = "Detect and localize all abnormalities in this image.") -> ChatTurn:
    return ChatTurn("user", text, tuple(random_image(seed, *size) for seed, size in enumerate(sizes)))


#: Odd sizes are resized, the others are not.
CONVERSATIONS = {
    "text": [asked(text="What is a nodule?")],
    "one image": [asked((171, 243))],
    "one whole-token image": [asked((256, 160))],
    "two images": [asked((301, 95), (224, 192))],
    "two turns": [asked((160, 192)), ChatTurn("assistant", "A nodule."), asked((199, 131), text="And here?")],
}


@pytest.fixture(scope="module", params=SHAPES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp(request.param) / "checkpoint", request.param)


@pytest.fixture(scope="module")
def judge(checkpoint: Path) -> Qwen3VLForConditionalGeneration:
    return Qwen3VLForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def session(checkpoint: Path) -> Iterator[Session]:
    with Session.open([open_model(checkpoint)], backend="reference", dtype="float32") as opened:
        yield opened


def with_our_pixels(inputs: dict[str, Any], prompt: PreparedPrompt) -> dict[str, Any]:
    """Put our pixels into transformers' inputs: the two resizes round a few pixels differently."""
    if prompt.pixel_values is None:
        return inputs
    return {**inputs, "pixel_values": torch.from_numpy(prompt.pixel_values)}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_greedy_tokens_are_those_of_transformers_from_images_to_answer(
    checkpoint: Path, judge: Qwen3VLForConditionalGeneration, session: Session, name: str
) -> None:
    turns = CONVERSATIONS[name]
    expected = greedy_tokens(judge, stock_inputs(checkpoint, turns), NEW_TOKENS)
    generation = session.model.generate(session.preparer.prepare(turns), NEW_TOKENS)
    assert [token.id for token in generation.tokens] == expected
    assert generation.finish_reason == "length"


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_logits_and_token_probabilities_are_those_of_transformers(
    checkpoint: Path, judge: Qwen3VLForConditionalGeneration, session: Session, name: str
) -> None:
    turns = CONVERSATIONS[name]
    prompt = session.preparer.prepare(turns)
    inputs = with_our_pixels(stock_inputs(checkpoint, turns), prompt)
    with torch.inference_mode():
        expected = judge(**inputs).logits[0].numpy()
    assert expected.std() > 0.5
    np.testing.assert_allclose(session.model.logits(prompt), expected, rtol=0, atol=1e-4)

    steps = judge.generate(
        **inputs, do_sample=False, max_new_tokens=NEW_TOKENS, output_logits=True, return_dict_in_generate=True
    ).logits
    best: NDArray[np.float32] = torch.cat(steps).softmax(-1).amax(-1).numpy()
    probabilities = [token.probability for token in session.model.generate(prompt, NEW_TOKENS).tokens]
    np.testing.assert_allclose(probabilities, best, rtol=1e-3)


def test_an_answer_ends_at_each_of_the_checkpoint_s_end_tokens(
    checkpoint: Path, judge: Qwen3VLForConditionalGeneration, session: Session, tmp_path: Path
) -> None:
    turns = CONVERSATIONS["one image"]
    prompt = session.preparer.prepare(turns)
    inputs = with_our_pixels(stock_inputs(checkpoint, turns), prompt)
    end = greedy_tokens(judge, inputs, NEW_TOKENS)[5]
    own_end = int(judge.generation_config.eos_token_id)
    expected = greedy_tokens(judge, inputs, NEW_TOKENS, eos_token_id=[own_end, end])
    assert expected[-1] == end

    ending = shutil.copytree(checkpoint, tmp_path / "ending")
    settings = json.loads((ending / "generation_config.json").read_text())
    (ending / "generation_config.json").write_text(json.dumps({**settings, "eos_token_id": [own_end, end]}))
    with Session.open([open_model(ending)], backend="reference", dtype="float32") as ended:
        generation = ended.model.generate(prompt, NEW_TOKENS)
    assert [token.id for token in generation.tokens] == expected[:-1]
    assert generation.finish_reason == "stop"
