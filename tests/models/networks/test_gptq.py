"""A loaded GPTQ checkpoint computes what its stored weights say, and nothing else has changed."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Qwen3VLForConditionalGeneration

from medmo_export.gptq.options import GptqOptions
from medmo_models.errors import InputError
from medmo_models.networks.gptq import load_gptq_network
from support.checkpoints import SHAPES, network_logits, prepare_prompt
from support.gptq_exports import IMAGE_SIZES, dequantized_network, gptq_export, packed_layers, source_checkpoint

EIGHT_BITS = ("model.language_model.layers.1.mlp.down_proj", "model.language_model.layers.2.self_attn.o_proj")


@cache
def loaded(shape: str, options: GptqOptions) -> Qwen3VLForConditionalGeneration:
    return load_gptq_network(gptq_export(shape, options), device="cpu", dtype=torch.float32)


OPTIONS = [
    pytest.param("tied", GptqOptions(), id="tied-128"),
    pytest.param("untied", GptqOptions(), id="untied-128"),
    pytest.param("wide", GptqOptions(), id="wide-128"),
    pytest.param("tied", GptqOptions(group_size=32, activation_order=True), id="tied-32-activation-order"),
    pytest.param("tied", GptqOptions(group_size=64, symmetric=False), id="tied-64-asymmetric"),
    pytest.param("tied", GptqOptions(protected=EIGHT_BITS), id="tied-128-two-layers-of-8-bits"),
]


@pytest.mark.parametrize(("shape", "options"), OPTIONS)
def test_every_product_is_that_of_the_stored_weights(shape: str, options: GptqOptions) -> None:
    export = gptq_export(shape, options)
    network = loaded(shape, options)
    generator = torch.Generator().manual_seed(1)
    for name, weight in packed_layers(export).items():
        activations = torch.randn(1, 3, weight.shape[1], generator=generator)
        with torch.inference_mode():
            product = network.get_submodule(name)(activations)
        assert product.dtype == torch.float32
        expected = activations @ weight.T
        # bfloat16 rounds to 2**-9; a wrong zero point or input order would change the product altogether.
        assert (product - expected).norm() < 4e-3 * expected.norm(), name


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_but_the_products_is_exactly_the_source(shape: str) -> None:
    export = gptq_export(shape)
    network = load_gptq_network(export, device="cpu", dtype=torch.float32)
    for name, weight in packed_layers(export).items():
        exact = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        exact.weight = nn.Parameter(weight)
        network.set_submodule(name, exact)
    for sizes in IMAGE_SIZES:
        prompt = prepare_prompt(export, sizes)
        expected = network_logits(dequantized_network(export, source_checkpoint(shape)), prompt)
        torch.testing.assert_close(network_logits(network, prompt), expected, atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("sizes", IMAGE_SIZES, ids=["text", "one-image", "two-images"])
@pytest.mark.parametrize(("shape", "options"), OPTIONS)
def test_logits_are_those_of_the_dequantized_network(
    shape: str, options: GptqOptions, sizes: tuple[tuple[int, int], ...]
) -> None:
    export = gptq_export(shape, options)
    prompt = prepare_prompt(export, sizes)
    expected = network_logits(dequantized_network(export, source_checkpoint(shape)), prompt)
    actual = network_logits(loaded(shape, options), prompt)
    # Measured 0.6 %: rounding to bfloat16, four layers deep. Quantization itself changes them by 10 % and more.
    assert (actual - expected).std() < 0.02 * expected.std()


def test_generate_continues_as_repeated_forward_passes_do() -> None:
    network = loaded("tied", GptqOptions())
    ids = torch.from_numpy(prepare_prompt(source_checkpoint("tied"), ()).input_ids)[None]
    answer = network.generate(ids, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    grown = ids
    with torch.inference_mode():
        for _ in range(4):
            logits = network(grown).logits[:, -1].clone()
            logits[:, network.generation_config.eos_token_id] = -torch.inf
            grown = torch.cat([grown, logits.argmax(-1, keepdim=True)], dim=1)
    assert answer.tolist() == grown.tolist()


def test_a_bfloat16_network_stays_in_bfloat16() -> None:
    export = gptq_export("tied")
    network = load_gptq_network(export, device="cpu", dtype=torch.bfloat16)
    prompt = prepare_prompt(export, IMAGE_SIZES[1])
    assert {weight.dtype for weight in network.parameters()} == {torch.bfloat16}
    expected = network_logits(dequantized_network(export, source_checkpoint("tied")), prompt)
    assert (network_logits(network, prompt) - expected).std() < 0.1 * expected.std()


def test_loading_prints_nothing_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    load_gptq_network(gptq_export("tied"), device="cpu", dtype=torch.float32)
    assert capfd.readouterr().out == ""


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    shutil.copytree(gptq_export("tied"), tmp_path, dirs_exist_ok=True)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["model.language_model.layers.2.mlp.up_proj.scales"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="lacks weights"):
        load_gptq_network(tmp_path, device="cpu", dtype=torch.float32)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(gptq_export("tied"), tmp_path, dirs_exist_ok=True)
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[:-100])
    with pytest.raises(InputError, match=str(tmp_path)):
        load_gptq_network(tmp_path, device="cpu", dtype=torch.float32)
