"""The 4-bit backends against transformers: what is loaded is what the libraries load, and what was stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_export.bnb import BnbOptions, quantize_bnb
from medmo_models.artifact import open_model
from medmo_models.networks.dequantized import load_dequantized
from medmo_models.networks.inputs import prompt_logits
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.generation import LoadedModel
from medmo_runtime.session import Session
from support.checkpoints import (
    SHAPES,
    greedy_tokens,
    make_checkpoint,
    network_inputs,
    network_logits,
    prepare_prompt,
)
from support.gptq_exports import gptq_export

NEW_TOKENS = 12
#: Image sizes of the prompts: none, one that is resized, two.
IMAGES: tuple[tuple[tuple[int, int], ...], ...] = ((), ((171, 243),), ((256, 160), (131, 199)))


def our_tokens(model: LoadedModel, prompt: PreparedPrompt) -> list[int]:
    return [token.id for token in model.generate(prompt, NEW_TOKENS).tokens]


@pytest.fixture(scope="module", params=SHAPES)
def bnb_checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    source = make_checkpoint(folder / "source", request.param, dtype=torch.bfloat16)
    (folder / "bnb").mkdir()
    quantize_bnb(source, folder / "bnb", BnbOptions())
    return folder / "bnb"


@pytest.fixture(scope="module")
def bnb_judge(bnb_checkpoint: Path) -> Qwen3VLForConditionalGeneration:
    return Qwen3VLForConditionalGeneration.from_pretrained(bnb_checkpoint, dtype=torch.bfloat16).eval()


@pytest.fixture(scope="module")
def bnb_session(bnb_checkpoint: Path) -> Iterator[Session]:
    with Session.open([open_model(bnb_checkpoint)], backend="bnb", dtype="bfloat16") as opened:
        yield opened


@pytest.mark.parametrize("sizes", IMAGES, ids=["text", "one image", "two images"])
def test_bnb_computes_exactly_what_transformers_computes(
    bnb_checkpoint: Path,
    bnb_judge: Qwen3VLForConditionalGeneration,
    bnb_session: Session,
    sizes: tuple[tuple[int, int], ...],
) -> None:
    prompt = prepare_prompt(bnb_checkpoint, sizes)
    np.testing.assert_array_equal(bnb_session.model.logits(prompt), network_logits(bnb_judge, prompt))
    assert our_tokens(bnb_session.model, prompt) == greedy_tokens(bnb_judge, network_inputs(prompt), NEW_TOKENS)


def test_bnb_computes_what_its_stored_weights_say(bnb_checkpoint: Path) -> None:
    """Up to bitsandbytes' own rounding: on a CPU it differs from its unpacked weights by about 1 % (version 0.50.2)."""
    dequantized = load_dequantized(bnb_checkpoint, "bnb-nf4")
    with Session.open([open_model(bnb_checkpoint)], backend="bnb", dtype="float32") as session:
        for sizes in IMAGES:
            prompt = prepare_prompt(bnb_checkpoint, sizes)
            expected = prompt_logits(dequantized, prompt)
            assert expected.std() > 0.5
            error = session.model.logits(prompt) - expected.numpy()
            assert np.sqrt(np.mean(error**2)) < 0.02 * float(expected.std())


def test_gptq_decodes_as_transformers_decodes_the_same_network() -> None:
    export = gptq_export("tied")
    with Session.open([open_model(export)], backend="gptq") as session:
        for sizes in IMAGES:
            prompt = prepare_prompt(export, sizes)
            network = session.model.network  # type: ignore[attr-defined]
            assert our_tokens(session.model, prompt) == greedy_tokens(network, network_inputs(prompt), NEW_TOKENS)
