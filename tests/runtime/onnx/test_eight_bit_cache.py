"""Keys and values in 8 bits: a quarter of the memory, and nearly the same probabilities."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medmo_models.artifact import Artifact
from medmo_models.errors import InputError
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.settings import CACHE_SCALES_NAME
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.backends.onnx import OnnxBackend
from medmo_runtime.backends.onnx.model import OnnxModel
from medmo_runtime.memory import Measure, Workload

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


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Return the mean KLD of two sets of logits, in nats."""
    first, second = (rows.astype(np.float64) - np.logaddexp.reduce(rows, axis=1, keepdims=True) for rows in (p, q))
    return float((np.exp(first) * (first - second)).sum(axis=1).mean())


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_probabilities_stay_close(tiny_onnx: Artifact, dtype: str) -> None:
    plain, rounded = load(tiny_onnx, dtype=dtype), load(tiny_onnx, MEASURES, dtype)
    far = [divergence(plain.logits(prompt), rounded.logits(prompt)) for prompt in prompts(tiny_onnx)]
    assert 0 < np.mean(far) < 1e-3  # measured: 5e-5 and 2e-4; 0 would mean that nothing was rounded


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
        OnnxBackend().predict_memory(tiny_onnx, "cpu", "int8", work, measures).kv_cache
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


def test_an_artifact_without_ranges_does_not_offer_it(tiny_onnx: Artifact) -> None:
    assert "8-bit-cache" in OnnxBackend().measures(tiny_onnx, "cpu")
    files = {name: entry for name, entry in tiny_onnx.manifest.files.items() if name != CACHE_SCALES_NAME}
    older = replace(tiny_onnx, manifest=replace(tiny_onnx.manifest, files=files))
    assert OnnxBackend().measures(older, "cpu") == ("decoder-released",)


@pytest.mark.parametrize("damage", ["missing", "damaged", "another model's"])
def test_a_bad_file_of_ranges_is_a_sentence(tiny_onnx: Artifact, tmp_path: Path, damage: str) -> None:
    from safetensors.numpy import save_file

    for entry in tiny_onnx.path.iterdir():
        if entry.name != CACHE_SCALES_NAME:
            (tmp_path / entry.name).symlink_to(entry)
    if damage == "damaged":
        (tmp_path / CACHE_SCALES_NAME).write_bytes(b"\0" * 64)
    if damage == "another model's":
        save_file({"cache_scales": np.ones((2, 3), dtype=np.float32)}, tmp_path / CACHE_SCALES_NAME)
    with pytest.raises(InputError, match="export the artifact again"):
        OnnxNetwork(tmp_path, eight_bit_cache=True)
