"""The decoder for CUDA: attention in float16 over the same weights, here on the CPU provider."""

from __future__ import annotations

import numpy as np
import pytest

from medmo_models.artifact import Artifact
from medmo_models.networks.onnx.cache import Placement
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.sessions import CPU_PROVIDER
from medmo_models.networks.onnx.settings import EXACT_DECODER_NAME, with_sixteen_bit_attention
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.backends.onnx import OnnxBackend, backend
from medmo_runtime.backends.onnx.model import OnnxModel
from medmo_runtime.self_test import mean_variation


def prompts(artifact: Artifact) -> list[PreparedPrompt]:
    preparer = PromptPreparer(artifact.path, 224 * 224)
    return [preparer.prepare([ChatTurn("user", LOCALIZE_PROMPT, (make_phantom(57, n).pixels,))]) for n in range(4)]


def test_logits_differ_by_rounding_to_sixteen_bits(tiny_onnx: Artifact) -> None:
    wide = OnnxNetwork(tiny_onnx.path, exact=True)
    narrow = OnnxNetwork(tiny_onnx.path, exact=True, sixteen_bit_attention=True)
    for prompt in prompts(tiny_onnx):
        expected, actual = wide.logits(prompt), narrow.logits(prompt)
        assert 0 < np.abs(actual - expected).max() < 0.01 * expected.std()
        assert mean_variation(expected, actual) < 1e-3


def test_answers_go_on_in_a_cache_that_grows(tiny_onnx: Artifact) -> None:
    wide = OnnxModel(OnnxNetwork(tiny_onnx.path, exact=True), "none")
    narrow = OnnxModel(OnnxNetwork(tiny_onnx.path, exact=True, sixteen_bit_attention=True), "none")
    for prompt in prompts(tiny_onnx):
        expected, actual = ([token.id for token in model.generate(prompt, 24).tokens] for model in (wide, narrow))
        assert actual == expected
    assert narrow.network.new_cache(8).dtype == np.float16


def test_cuda_gets_that_decoder(tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "provider_options", lambda _device: (CPU_PROVIDER, Placement()))
    for device, kept in (("cuda:0", np.float16), ("cpu", np.float32)):
        model = OnnxBackend().load(tiny_onnx, device, "float32")
        assert isinstance(model, OnnxModel)
        assert model.network.new_cache(8).dtype == kept


def test_no_weight_is_stored_twice(tiny_onnx: Artifact) -> None:
    graph = tiny_onnx.path / with_sixteen_bit_attention(EXACT_DECODER_NAME)
    assert graph.stat().st_size < 2 * (tiny_onnx.path / EXACT_DECODER_NAME).stat().st_size
    assert not graph.with_suffix(".data").exists()
