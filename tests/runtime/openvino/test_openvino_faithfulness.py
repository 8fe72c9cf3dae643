"""The openvino backend against transformers: the same logits and the same tokens."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_export.onnx.options import OnnxOptions, WeightBits
from medmo_export.onnx.packing import round_to_nearest
from medmo_models.errors import InputError
from medmo_models.networks.onnx.host import EncodedImage
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.openvino.network import OpenVinoNetwork
from medmo_models.networks.openvino.packed import round_to_eight_bits
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.backends.onnx.model import OnnxModel
from support.checkpoints import SHAPES, greedy_tokens, network_inputs, network_logits, prepare_prompt
from support.closeness import relative_noise
from support.damage import linked_without
from support.gptq_exports import dequantized_network, gptq_export, source_checkpoint
from support.onnx_exports import four_bit_export, full_precision_export, onnx_export

NEW_TOKENS = 16
#: Image sizes of the prompts: none, one that is resized, two.
IMAGES: tuple[tuple[tuple[int, int], ...], ...] = ((), ((171, 243),), ((256, 160), (131, 199)))
#: The bar for float32 products over the same weights.
TOLERANCE = 1e-4


def our_tokens(network: OpenVinoNetwork, prompt: PreparedPrompt) -> list[int]:
    return [token.id for token in OnnxModel(network, "none").generate(prompt, NEW_TOKENS).tokens]


@pytest.mark.parametrize("shape", SHAPES)
def test_full_precision_is_transformers_in_float32(shape: str) -> None:
    judge = Qwen3VLForConditionalGeneration.from_pretrained(source_checkpoint(shape), dtype=torch.float32).eval()
    network = OpenVinoNetwork(full_precision_export(shape), exact=True)
    for sizes in IMAGES:
        prompt = prepare_prompt(source_checkpoint(shape), sizes)
        expected = network_logits(judge, prompt).numpy()
        assert expected.std() > 0.5
        np.testing.assert_allclose(OnnxModel(network, "none").logits(prompt), expected, atol=TOLERANCE)
        assert our_tokens(network, prompt) == greedy_tokens(judge, network_inputs(prompt), NEW_TOKENS)


@pytest.mark.parametrize("shape", SHAPES)
def test_four_bit_weights_compute_what_they_say(shape: str) -> None:
    judge = dequantized_network(gptq_export(shape), source_checkpoint(shape))
    network = OpenVinoNetwork(four_bit_export(shape), exact=True)
    for sizes in IMAGES:
        prompt = prepare_prompt(source_checkpoint(shape), sizes)
        expected = network_logits(judge, prompt).numpy()
        np.testing.assert_allclose(OnnxModel(network, "none").logits(prompt), expected, atol=TOLERANCE)
        assert our_tokens(network, prompt) == greedy_tokens(judge, network_inputs(prompt), NEW_TOKENS)


@pytest.mark.parametrize("options", [OnnxOptions(), OnnxOptions(4, 16, 8)], ids=["default", "smallest"])
def test_every_stored_width_is_read_as_onnx_runtime_reads_it(options: OnnxOptions) -> None:
    artifact = onnx_export(source_checkpoint("tied"), 4, options)
    prompt = prepare_prompt(source_checkpoint("tied"), IMAGES[1])
    expected = OnnxNetwork(artifact, exact=True).logits(prompt)
    # ONNX Runtime rounds activations of an 8-bit vision encoder to int8 even so.
    tolerance = TOLERANCE if options.vision_bits == 16 else 0.1 * float(expected.std())
    np.testing.assert_allclose(OpenVinoNetwork(artifact, exact=True).logits(prompt), expected, atol=tolerance)


def test_int8_activations_add_a_little_noise() -> None:
    prompt = prepare_prompt(source_checkpoint("tied"), IMAGES[1])
    exact = OpenVinoNetwork(four_bit_export("tied"), exact=True).logits(prompt)
    fast = OpenVinoNetwork(four_bit_export("tied")).logits(prompt)
    noise = relative_noise(fast, exact)
    assert 1e-4 < noise < 0.05


def image_features(network: OpenVinoNetwork) -> EncodedImage:
    return network.encode_image(*next(iter(prepare_prompt(source_checkpoint("tied"), IMAGES[1]).each_image())))


@pytest.mark.parametrize("inputs", [96, 128, 336])
def test_weights_are_rounded_as_an_8_bit_export_rounds_them(inputs: int) -> None:
    weight = np.random.default_rng(3).normal(size=(40, inputs)).astype(np.float32)
    weight[7] = 0
    exported = round_to_nearest(weight, 8, 128)
    values, scales = round_to_eight_bits(weight.T)
    differing = values.reshape(exported.values.shape) != exported.values
    assert differing.mean() < 1e-3  # at most where a weight is half way between two values
    np.testing.assert_allclose(scales[:, :, 0], exported.scales, rtol=1e-6)
    padded = np.pad(weight, ((0, 0), (0, -inputs % 128))).reshape(values.shape)
    assert (np.abs((values.astype(np.float32) - 128) * scales - padded) <= 0.5001 * scales).all()


@pytest.mark.parametrize("bits", [16, 32])
def test_plain_vision_weights_in_8_bits_add_a_little_noise(bits: WeightBits) -> None:
    rounded = image_features(OpenVinoNetwork(onnx_export(source_checkpoint("tied"), 4, OnnxOptions(vision_bits=bits))))
    exact = image_features(OpenVinoNetwork(full_precision_export("tied"), exact=True))
    for name in ("features", "deepstack"):
        made, expected = getattr(rounded, name), getattr(exact, name)
        assert 1e-4 < np.sqrt(np.mean((made - expected) ** 2)) / expected.std() < 0.05


@pytest.mark.parametrize("bits", [8, 16])
def test_vision_weights_stay_packed(bits: WeightBits) -> None:
    network = OpenVinoNetwork(onnx_export(source_checkpoint("tied"), 4, OnnxOptions(vision_bits=bits)))
    network.load_vision()
    values: Counter[str] = Counter()
    for node in network._vision.compiled.get_runtime_model().get_ops():
        if node.get_rt_info()["layerType"].astype(str) == "Const":
            output = node.output(0)
            values[output.get_element_type().get_type_name()] += int(np.prod(list(output.get_shape())))
    assert values["f32"] < 0.5 * values["u8"]


def test_an_8_bit_cache_adds_a_little_noise() -> None:
    prompt = prepare_prompt(source_checkpoint("tied"), IMAGES[1])
    logits = []
    for eight_bit in (False, True):
        network = OpenVinoNetwork(four_bit_export("tied"), exact=True, eight_bit_cache=eight_bit)
        model = OnnxModel(network, "none", chunk=8)  # so that most tokens read what the cache holds of others
        model.generate(prompt, 1)
        logits.append(model.logits(prompt, len(prompt.input_ids) - 1))
    noise = float(np.sqrt(np.mean((logits[1] - logits[0]) ** 2)) / logits[0].std())
    assert 1e-6 < noise < 0.05


def test_a_vision_encoder_as_stored_gives_the_same() -> None:
    prompt = prepare_prompt(source_checkpoint("tied"), IMAGES[1])
    pixels, grid = next(iter(prompt.each_image()))
    features = [
        OpenVinoNetwork(four_bit_export("tied"), exact=True, vision_as_stored=stored).encode_image(pixels, grid)
        for stored in (False, True)
    ]
    np.testing.assert_allclose(features[0].features, features[1].features, atol=TOLERANCE)
    np.testing.assert_allclose(features[0].deepstack, features[1].deepstack, atol=TOLERANCE)


def test_a_lost_deepstack_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = prepare_prompt(source_checkpoint("tied"), IMAGES[1])
    network = OpenVinoNetwork(full_precision_export("tied"), exact=True)
    whole = network.logits(prompt)
    encode = network.encode_image

    def without(pixels: np.ndarray, grid: np.ndarray) -> EncodedImage:
        return dataclasses.replace(image := encode(pixels, grid), deepstack=np.zeros_like(image.deepstack))

    monkeypatch.setattr(network, "encode_image", without)
    assert np.abs(network.logits(prompt) - whole).max() > 100 * TOLERANCE


def test_a_prefill_in_chunks_is_a_whole_one() -> None:
    prompt = prepare_prompt(source_checkpoint("untied"), IMAGES[2])
    network = OpenVinoNetwork(full_precision_export("untied"), exact=True)
    whole, parts = (
        [token.id for token in OnnxModel(network, "none", chunk=chunk).generate(prompt, NEW_TOKENS).tokens]
        for chunk in (4096, 7)
    )
    assert whole == parts


def test_places_that_do_not_count_are_cleared_away() -> None:
    checkpoint = source_checkpoint("tied")
    first, second = (prepare_prompt(checkpoint, (), seed=seed) for seed in (1, 2))
    network = OpenVinoNetwork(full_precision_export("tied"), exact=True)
    fresh = [network.logits(prompt)[-1] for prompt in (first, second)]
    cache = network.new_cache(0)
    for turn in range(60):
        cache.length = min(cache.length, 3)  # what both prompts begin with
        prompt = (first, second)[turn % 2]
        shared = cache.length
        encoded = network.encode_prompt(prompt, [], shared)
        np.testing.assert_allclose(network.run(encoded, cache)[-1], fresh[turn % 2], atol=TOLERANCE)
    assert cache.places < 600


def damaged(folder: Path, name: str, content: bytes | None) -> Path:
    linked_without(full_precision_export("tied"), folder, name)
    if content is not None:
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("decoder-float32.onnx", None),
        ("decoder-float32.onnx", b"no graph"),
        ("decoder.data", None),
        ("decoder.data", b"short"),
        ("embedding.onnx", None),
    ],
)
def test_a_missing_or_damaged_file_is_one_sentence(tmp_path: Path, name: str, content: bytes | None) -> None:
    with pytest.raises(InputError, match="export the artifact again"):
        OpenVinoNetwork(damaged(tmp_path, name, content)).load_decoder()


def test_an_operation_of_nobody_is_one_sentence(tmp_path: Path) -> None:
    name = "decoder-float32.onnx"
    model = onnx.load(full_precision_export("tied") / name, load_external_data=False)
    model.graph.node[0].op_type = "Unheard"
    with pytest.raises(InputError, match="Unheard"):
        OpenVinoNetwork(damaged(tmp_path, name, model.SerializeToString())).load_decoder()
