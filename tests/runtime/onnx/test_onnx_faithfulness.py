"""The onnx backend against transformers: the same logits and the same tokens."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_runtime.backends.onnx import model as model_module
from medmo_runtime.backends.onnx.model import OnnxModel
from support.checkpoints import SHAPES, greedy_tokens, network_inputs, network_logits, prepare_prompt
from support.closeness import relative_noise
from support.gptq_exports import dequantized_network, gptq_export, source_checkpoint
from support.onnx_exports import four_bit_export, full_precision_export

NEW_TOKENS = 16
#: Image sizes of the prompts: none, one that is resized, two.
IMAGES: tuple[tuple[tuple[int, int], ...], ...] = ((), ((171, 243),), ((256, 160), (131, 199)))
#: The bar for float32 products over the same weights.
TOLERANCE = 1e-4


def judge(shape: str) -> Qwen3VLForConditionalGeneration:
    return Qwen3VLForConditionalGeneration.from_pretrained(source_checkpoint(shape), dtype=torch.float32).eval()


def loaded(network: OnnxNetwork) -> OnnxModel:
    return OnnxModel(network, "none")


def our_tokens(model: OnnxModel, prompt: model_module.PreparedPrompt) -> list[int]:
    return [token.id for token in model.generate(prompt, NEW_TOKENS).tokens]


@pytest.mark.parametrize("shape", SHAPES)
def test_full_precision_is_transformers_in_float32(shape: str) -> None:
    network, model = judge(shape), loaded(OnnxNetwork(full_precision_export(shape)))
    for sizes in IMAGES:
        prompt = prepare_prompt(source_checkpoint(shape), sizes)
        expected = network_logits(network, prompt).numpy()
        assert expected.std() > 0.5
        np.testing.assert_allclose(model.logits(prompt), expected, atol=TOLERANCE)
        assert our_tokens(model, prompt) == greedy_tokens(network, network_inputs(prompt), NEW_TOKENS)


@pytest.mark.parametrize("size", [(32, 32), (640, 32), (1280, 1280)], ids=str)
def test_any_image_size(size: tuple[int, int], tmp_path: Path) -> None:
    processor = shutil.copytree(source_checkpoint("wide"), tmp_path / "processor")
    settings = json.loads((processor / "preprocessor_config.json").read_text())
    settings["min_pixels"], settings["max_pixels"] = 32 * 32, 1280 * 1280
    (processor / "preprocessor_config.json").write_text(json.dumps(settings))
    prompt = prepare_prompt(processor, (size,), max_pixels=1280 * 1280)
    assert prompt.model_sizes == (size,)
    expected = network_logits(judge("wide"), prompt).numpy()
    actual = loaded(OnnxNetwork(full_precision_export("wide"))).logits(prompt)
    np.testing.assert_allclose(actual, expected, atol=TOLERANCE)


@pytest.mark.parametrize("shape", SHAPES)
def test_four_bit_weights_compute_what_they_say(shape: str) -> None:
    network = dequantized_network(gptq_export(shape), source_checkpoint(shape))
    model = loaded(OnnxNetwork(four_bit_export(shape), exact=True))
    for sizes in IMAGES:
        prompt = prepare_prompt(source_checkpoint(shape), sizes)
        expected = network_logits(network, prompt).numpy()
        np.testing.assert_allclose(model.logits(prompt), expected, atol=TOLERANCE)
        assert our_tokens(model, prompt) == greedy_tokens(network, network_inputs(prompt), NEW_TOKENS)


@pytest.mark.parametrize("shape", SHAPES)
def test_int8_activations_add_a_little_noise(shape: str) -> None:
    prompt = prepare_prompt(source_checkpoint(shape), IMAGES[1])
    exact = loaded(OnnxNetwork(four_bit_export(shape), exact=True)).logits(prompt)
    fast = loaded(OnnxNetwork(four_bit_export(shape))).logits(prompt)
    noise = relative_noise(fast, exact)
    assert 1e-4 < noise < 0.05


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_deepstack_would_be_noticed(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = prepare_prompt(source_checkpoint(shape), IMAGES[1])
    network = OnnxNetwork(full_precision_export(shape))
    whole = network.logits(prompt)
    encode = network.encode_image

    def without(pixels: np.ndarray, grid: np.ndarray) -> model_module.EncodedImage:
        return dataclasses.replace(image := encode(pixels, grid), deepstack=np.zeros_like(image.deepstack))

    monkeypatch.setattr(network, "encode_image", without)
    assert np.abs(network.logits(prompt) - whole).max() > 100 * TOLERANCE


def test_a_prefill_in_chunks_is_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = prepare_prompt(source_checkpoint("untied"), IMAGES[2])
    network = OnnxNetwork(full_precision_export("untied"))
    logits, tokens = loaded(network).logits(prompt), our_tokens(loaded(network), prompt)
    monkeypatch.setattr(model_module, "CHUNK", 7)
    np.testing.assert_allclose(loaded(network).logits(prompt), logits, atol=TOLERANCE)
    assert our_tokens(loaded(network), prompt) == tokens


def test_logits_from_a_position_on_are_the_last_of_all() -> None:
    checkpoint = source_checkpoint("tied")
    prompt, other = prepare_prompt(checkpoint, IMAGES[1]), prepare_prompt(checkpoint, IMAGES[2], seed=5)
    model = loaded(OnnxNetwork(full_precision_export("tied")))
    whole = model.logits(prompt)
    length = len(prompt.input_ids)
    for first in (0, 1, length // 2, length - 1):
        for before in (other, prompt):
            model.logits(before)
            part = model.logits(prompt, first)
            assert part.shape == (length - first, whole.shape[1])
            np.testing.assert_allclose(part, whole[first:], atol=TOLERANCE)
