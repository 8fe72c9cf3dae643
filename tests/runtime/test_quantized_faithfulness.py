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


@pytest.fixture(scope="module", params=[*((shape, "nf4") for shape in SHAPES), ("tied", "fp4")], ids="-".join)
def bnb_checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bitsandbytes export, beside the full-precision checkpoint that it was made from."""
    shape, quant_type = request.param
    folder = tmp_path_factory.mktemp(shape)
    source = make_checkpoint(folder / "source", shape, dtype=torch.bfloat16)
    (folder / "bnb").mkdir()
    quantize_bnb(source, folder / "bnb", BnbOptions(quant_type))
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
    dequantized = load_dequantized(bnb_checkpoint, open_model(bnb_checkpoint).manifest.method)
    with Session.open([open_model(bnb_checkpoint)], backend="bnb", dtype="float32") as session:
        for sizes in IMAGES:
            prompt = prepare_prompt(bnb_checkpoint, sizes)
            expected = prompt_logits(dequantized, prompt)
            assert expected.std() > 0.5
            error = session.model.logits(prompt) - expected.numpy()
            assert np.sqrt(np.mean(error**2)) < 0.02 * float(expected.std())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_rounding_while_loading_computes_exactly_what_the_saved_export_computes(
    shape: str, dtype: str, tmp_path: Path
) -> None:
    """The checkpoint is in float32, so that rounding from another dtype than the export's would show."""
    source = make_checkpoint(tmp_path / "source", shape, dtype=torch.float32)
    (tmp_path / "bnb").mkdir()
    quantize_bnb(source, tmp_path / "bnb", BnbOptions())
    prompts = [prepare_prompt(source, sizes) for sizes in IMAGES]
    computed = []
    for folder in (source, tmp_path / "bnb"):
        with Session.open([open_model(folder)], backend="bnb", dtype=dtype) as session:
            computed.append([session.model.logits(prompt) for prompt in prompts])
            tokens = our_tokens(session.model, prompts[1])
            computed[-1].append(np.array(tokens, dtype=np.float32))
    for rounded, saved in zip(*computed, strict=True):
        np.testing.assert_array_equal(rounded, saved)


def test_gptq_decodes_as_transformers_decodes_the_same_network() -> None:
    export = gptq_export("tied")
    with Session.open([open_model(export)], backend="gptq") as session:
        for sizes in IMAGES:
            prompt = prepare_prompt(export, sizes)
            network = session.model.network  # type: ignore[attr-defined]
            assert our_tokens(session.model, prompt) == greedy_tokens(network, network_inputs(prompt), NEW_TOKENS)
