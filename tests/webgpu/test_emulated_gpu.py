"""The WebGPU provider on an emulated GPU against the CPU provider; ``make webgpu`` runs this.

The emulator computes in float32, so what differs by more than rounding is wrong. SwiftShader's subgroups are four lanes
wide, for which the provider's attention kernel is wrong (docs/adr/0007): a good place to see that it is noticed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medmo_models.artifact import Artifact, open_model
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_runtime.backends.onnx import OnnxBackend, backend
from medmo_runtime.backends.onnx.attention_check import attention_is_right
from medmo_runtime.backends.onnx.model import OnnxModel
from medmo_runtime.backends.onnx.providers import provider_options
from medmo_runtime.self_test import LARGEST_DIFFERENCE, mean_variation

PROVIDER, _ = provider_options("webgpu")
NEW_TOKENS = 4
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return open_model(Path(os.environ["MEDMO_WEBGPU_ARTIFACT"]))


@pytest.fixture(scope="module")
def prompt(artifact: Artifact) -> PreparedPrompt:
    """A short question about a small image: the emulator is slow."""
    pixels = np.random.default_rng(3).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    return PromptPreparer(artifact.path, 64 * 96).prepare([ChatTurn("user", "Where?", (pixels,))])


@pytest.fixture(scope="module")
def reference(artifact: Artifact) -> OnnxNetwork:
    return OnnxNetwork(artifact.path, exact=True)


@pytest.fixture(scope="module")
def model(artifact: Artifact) -> OnnxModel:
    loaded = OnnxBackend().load(artifact, "webgpu", "float32")
    assert isinstance(loaded, OnnxModel)
    return loaded


def test_there_is_no_torch_here() -> None:
    assert importlib.util.find_spec("torch") is None


def test_vision_is_the_cpus(model: OnnxModel, reference: OnnxNetwork, prompt: PreparedPrompt) -> None:
    for pixels, grid in prompt.each_image():
        expected, actual = reference.encode_image(pixels, grid), model.network.encode_image(pixels, grid)
        assert expected.features.std() > 0.1
        np.testing.assert_allclose(actual.features, expected.features, atol=TOLERANCE)
        np.testing.assert_allclose(actual.deepstack, expected.deepstack, atol=TOLERANCE)


def test_prefill_and_decode_are_the_cpus(model: OnnxModel, artifact: Artifact, prompt: PreparedPrompt) -> None:
    expected = OnnxModel(OnnxNetwork(artifact.path, exact=True), "none")
    assert len(prompt.input_ids) > 8
    logits = expected.logits(prompt)
    assert logits.std() > 0.5
    np.testing.assert_allclose(model.logits(prompt), logits, atol=TOLERANCE)
    tokens = [token.id for token in expected.generate(prompt, NEW_TOKENS).tokens]
    assert [token.id for token in model.generate(prompt, NEW_TOKENS).tokens] == tokens


def test_wrong_attention_is_noticed_before_the_model_is_loaded(
    artifact: Artifact,
    model: OnnxModel,
    reference: OnnxNetwork,
    prompt: PreparedPrompt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = attention_is_right(artifact.path, artifact.spec.architecture, PROVIDER)
    assert bool(model.network.left_to_cpu) is not right
    monkeypatch.setattr(backend, "attention_is_right", lambda *_arguments: True)
    unguarded = OnnxBackend().load(artifact, "webgpu", "int8")
    different = mean_variation(reference.logits(prompt), unguarded.logits(prompt))
    assert (different < LARGEST_DIFFERENCE) is right  # the self-test would find it as well


def test_the_doctor_tests_it_before_it_may_be_chosen(artifact: Artifact, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "medmo_cli", "doctor", artifact.path, "--json"],
        env={**os.environ, "MEDMO_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    rows = {(row["name"], row["device"]): row for row in json.loads(finished.stdout)["backends"]}
    webgpu = rows["onnx", "webgpu"]
    assert webgpu["available"]
    assert webgpu["correct"], webgpu["reason"]
    assert webgpu["measured"]["decode_tokens_per_s"] > 0
    assert rows["onnx", "cpu"]["correct"]
