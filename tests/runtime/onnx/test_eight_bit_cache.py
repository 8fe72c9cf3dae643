"""Keys and values in 8 bits: a quarter of the memory, nearly the same probabilities, and scales that follow them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medmo_export.calibration import phantom_calibration
from medmo_export.self_check import HELD_OUT_SEED, prepare_samples
from medmo_models.artifact import Artifact
from medmo_models.distributions import divergence
from medmo_models.errors import InputError
from medmo_models.networks.onnx import network as network_module
from medmo_models.networks.onnx.cache import KeyValueCache
from medmo_models.networks.onnx.eight_bit_cache import EightBitCache
from medmo_models.networks.onnx.host import EncodedPrompt
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.settings import CACHE_SCALES_NAME
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.backends.onnx import OnnxBackend
from medmo_runtime.backends.onnx.memory import Reading, predict_onnx_memory
from medmo_runtime.backends.onnx.model import OnnxModel
from medmo_runtime.hardware import processor
from medmo_runtime.hardware.processor import multiplies_integers
from medmo_runtime.memory import Measure, Workload
from support.closeness import relative_noise
from support.damage import linked_without

MEASURES: frozenset[Measure] = frozenset({"8-bit-cache"})


def load(artifact: Artifact, measures: frozenset[Measure] = frozenset(), dtype: str = "float32") -> OnnxModel:
    model = OnnxBackend().load(artifact, "cpu", dtype, measures)
    assert isinstance(model, OnnxModel)
    return model


def prompts(artifact: Artifact) -> list[PreparedPrompt]:
    preparer = PromptPreparer(artifact.path, 224 * 224)
    return [
        preparer.prepare([ChatTurn("user", text, (make_phantom(57, number).pixels,))])
        for number, text in enumerate((LOCALIZE_PROMPT, REPORT_PROMPT) * 2)
    ]


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_probabilities_stay_close(tiny_onnx: Artifact, dtype: str) -> None:
    plain, rounded = load(tiny_onnx), load(tiny_onnx, MEASURES, dtype)
    samples = prepare_samples(tiny_onnx.path, phantom_calibration(8, HELD_OUT_SEED))
    far = [
        divergence(plain.logits(prompt, first), rounded.logits(prompt, first))
        for prompt, first in zip(*samples, strict=True)
    ]
    assert 0 < np.concatenate(far).mean() < 1e-3  # measured: 5e-5 and 1e-4; 0 would mean that nothing was rounded


def test_greedy_answers_are_nearly_the_same(tiny_onnx: Artifact) -> None:
    plain, rounded = load(tiny_onnx), load(tiny_onnx, MEASURES)
    same = total = 0
    for prompt in prompts(tiny_onnx):
        first, second = ([token.id for token in model.generate(prompt, 48).tokens] for model in (plain, rounded))
        same += sum(a == b for a, b in zip(first, second, strict=False))
        total += max(len(first), len(second))
    assert same / total > 0.8  # one other token makes the rest of an answer another one


def test_the_cache_takes_a_quarter(tiny_onnx: Artifact) -> None:
    sizes = []
    for eight_bit in (False, True):
        cache = OnnxNetwork(tiny_onnx.path, eight_bit_cache=eight_bit).new_cache(512)
        sizes.append(sum(buffer.numpy().nbytes for buffer in cache.buffers.values()))
    assert sizes[0] == 4 * sizes[1]
    work = Workload(1280 * 1280)
    predicted = [
        OnnxBackend().predict_memory(tiny_onnx, "cpu", "float32", work, measures).kv_cache
        for measures in (frozenset[Measure](), MEASURES)
    ]
    assert predicted[1] < 0.4 * predicted[0]  # the rotary tables stay as they are


def test_a_second_question_reuses_it_and_it_grows(tiny_onnx: Artifact) -> None:
    model = load(tiny_onnx, MEASURES)
    preparer = PromptPreparer(tiny_onnx.path, 224 * 224)
    pixels = make_phantom(57, 0).pixels
    short, long = (preparer.prepare([ChatTurn("user", text, (pixels,))]) for text in (LOCALIZE_PROMPT, "Why? " * 400))
    model.generate(short, 8)
    again = model.generate(long, 8)  # more than the cache had places for
    assert again.cached_tokens > short.image_tokens
    fresh = load(tiny_onnx, MEASURES).generate(long, 8)
    assert [token.id for token in again.tokens] == [token.id for token in fresh.tokens]


def images_prompt(network: OnnxNetwork, artifact: Artifact) -> EncodedPrompt:
    prompt = prompts(artifact)[0]
    return network.encode_prompt(prompt, [network.encode_image(*image) for image in prompt.each_image()])


def held(cache: KeyValueCache) -> np.ndarray:
    """Return keys and values in float32, shape (2 * layers, heads, tokens, head_dim)."""
    values = cache.values[:, 0, :, : cache.length].astype(np.float32)
    if isinstance(cache, EightBitCache):
        values *= cache.scales.reshape(len(values), values.shape[1], 1, -1)
    return values


def with_scales_times(artifact: Artifact, folder: Path, factor: float) -> Path:
    """Return the artifact with other scales to begin with."""
    from safetensors.numpy import load_file, save_file

    linked_without(artifact.path, folder, CACHE_SCALES_NAME)
    scales = load_file(artifact.path / CACHE_SCALES_NAME)["cache_scales"]
    save_file({"cache_scales": scales * np.float32(factor)}, folder / CACHE_SCALES_NAME)
    return folder


@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("parts", [1, 3])
def test_nothing_is_cut_off_whatever_the_calibration_had_seen(
    tiny_onnx: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layerwise: bool, parts: int
) -> None:
    if layerwise and not multiplies_integers():
        pytest.skip("this processor's products of signed by unsigned integers overflow")
    monkeypatch.setattr(network_module, "SHORTEST", 4)
    plain = OnnxNetwork(tiny_onnx.path, threads=2)
    tokens = images_prompt(plain, tiny_onnx)
    length = tokens.embeddings.shape[1]
    expected = plain.new_cache(length + 1)
    logits = plain.run(tokens, expected)
    surprised = with_scales_times(tiny_onnx, tmp_path, 1 / 40)
    network = OnnxNetwork(surprised, threads=2, eight_bit_cache=True, layerwise=layerwise)
    cache = network.new_cache(length + 1)
    for part in np.array_split(np.arange(length), parts):
        ours = network.run(tokens.part(part[0], part[-1] + 1), cache)
    assert cache.length == length
    assert relative_noise(held(cache), held(expected)) < 0.03
    assert relative_noise(ours, logits) < 0.08
    # An answer leaves what the prompt has left.
    before, step = held(cache), network.encode_token(7, length)
    network.run(EncodedPrompt(step.embeddings * 50, step.deepstack, step.tables, step.following), cache)
    assert np.array_equal(held(cache)[:, :, :length], before)


def test_channels_that_were_nearly_cut_off_are_given_room_with_those_that_were(tiny_onnx: Artifact) -> None:
    network = OnnxNetwork(tiny_onnx.path, threads=2, eight_bit_cache=True)
    cache = network.new_cache(2)
    assert isinstance(cache, EightBitCache)
    before = cache.scales.copy()
    cache.values[1, 0, 0, :2, 0], cache.values[3, 0, 0, :2, :2] = 126, (-120, 100)
    assert not cache.outgrown(2)
    cache.values[1, 0, 0, :2, 0] = -128
    assert cache.outgrown(2)
    grown = np.zeros_like(before, dtype=bool)
    grown[1, 0] = grown[3, 0] = True
    assert np.array_equal(cache.scales, np.where(grown, 2 * before, before))


def test_attention_does_without_tiles_and_from_few_tokens_at_once(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable, opened, attended = "ORT_GQA_DISABLE_FLASH_ATTENTION", {}, []
    open_session, bound = network_module.open_session, OnnxNetwork._bound

    def opening(path: Path, *arguments: Any, **named: Any) -> Any:
        opened[path.name] = os.environ.get(variable)
        return open_session(path, *arguments, **named)

    def binding(network: OnnxNetwork, tokens: EncodedPrompt, *rest: Any) -> Any:
        attended.append(tokens.embeddings.shape[1])
        return bound(network, tokens, *rest)

    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(network_module, "open_session", opening)
    monkeypatch.setattr(OnnxNetwork, "_bound", binding)
    for small, value in ((True, "1"), (False, None)):
        network = OnnxNetwork(tiny_onnx.path, threads=2, eight_bit_cache=small)
        prompt = images_prompt(network, tiny_onnx)
        cosines, sines = (np.concatenate([table] * 3) for table in prompt.tables)
        embeddings, deepstack = (np.concatenate([part] * 3, axis=1) for part in (prompt.embeddings, prompt.deepstack))
        tokens = EncodedPrompt(embeddings, deepstack, (cosines, sines), prompt.following)
        length = embeddings.shape[1]
        network.run(tokens, network.new_cache(length), kept=length // 2)
        assert opened == {"embedding.onnx": None, network._decoder_name: value}
        opened.clear()
        assert (max(attended) <= 64) == small
        assert variable not in os.environ


def test_values_that_are_no_numbers_do_not_run_for_ever(tiny_onnx: Artifact) -> None:
    network = OnnxNetwork(tiny_onnx.path, threads=2, eight_bit_cache=True)
    tokens = images_prompt(network, tiny_onnx)
    endless = np.full_like(tokens.embeddings, np.inf)
    cache = network.new_cache(endless.shape[1])
    network.run(EncodedPrompt(endless, tokens.deepstack, tokens.tables, tokens.following), cache)
    assert cache.length == endless.shape[1]


def test_int8_keeps_eight_bits_where_prompts_are_read_layer_by_layer(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    for flags, expected in ((("AVX2", "AVX512F", "AVX512-VNNI"), np.int8), (("AVX2",), np.float32)):
        monkeypatch.setattr(processor, "instruction_sets", lambda flags=flags: (flags, "a test"))
        network = load(tiny_onnx, dtype="int8").network
        assert network.new_cache(8).dtype == expected
        assert load(tiny_onnx, dtype="float32").network.new_cache(8).dtype == np.float32
    work, none = Workload(1280 * 1280, images=4), frozenset[Measure]()
    for reading in (Reading(True, True), Reading(False, False)):
        predicted = OnnxBackend().predict_memory(tiny_onnx, "cpu", "int8", work, none)
        assert predicted.total >= predict_onnx_memory(tiny_onnx, work, none, reading, shortlist=True).total


def test_an_artifact_without_ranges_does_not_offer_it(tiny_onnx: Artifact) -> None:
    assert "8-bit-cache" in OnnxBackend().measures(tiny_onnx, "cpu")
    files = {name: entry for name, entry in tiny_onnx.manifest.files.items() if name != CACHE_SCALES_NAME}
    older = replace(tiny_onnx, manifest=replace(tiny_onnx.manifest, files=files))
    assert OnnxBackend().measures(older, "cpu") == ("prompt-in-chunks", "decoder-released")


@pytest.mark.parametrize("damage", ["missing", "damaged", "another model's"])
def test_a_bad_file_of_ranges_is_a_sentence(tiny_onnx: Artifact, tmp_path: Path, damage: str) -> None:
    from safetensors.numpy import save_file

    linked_without(tiny_onnx.path, tmp_path, CACHE_SCALES_NAME)
    if damage == "damaged":
        (tmp_path / CACHE_SCALES_NAME).write_bytes(b"\0" * 64)
    if damage == "another model's":
        save_file({"cache_scales": np.ones((2, 3), dtype=np.float32)}, tmp_path / CACHE_SCALES_NAME)
    with pytest.raises(InputError, match="export the artifact again"):
        OnnxNetwork(tmp_path, eight_bit_cache=True)
