"""Wrong attention of a provider is seen before a model is loaded, and can be left to the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from medmo_models.artifact import Artifact
from medmo_models.networks.onnx.cache import Placement
from medmo_models.networks.onnx.sessions import CPU_PROVIDER
from medmo_models.networks.onnx.settings import (
    ATTENTION_NAME,
    EXACT_DECODER_NAME,
    FAST_DECODER_NAME,
    VISION_NAME,
    attention_nodes,
)
from medmo_runtime.backends.onnx import OnnxBackend, attention_check, backend
from medmo_runtime.backends.onnx.attention_check import attention_difference, attention_is_right
from medmo_runtime.backends.onnx.model import OnnxModel

OTHER = ("OtherExecutionProvider", {})


def attended(tiny: Artifact, monkeypatch: pytest.MonkeyPatch, change: NDArray[np.float32]) -> None:
    """Let every other provider give the CPU's result plus ``change``."""
    right = attention_check._attended(tiny.path / ATTENTION_NAME, tiny.spec.architecture, CPU_PROVIDER)
    monkeypatch.setattr(
        attention_check,
        "_attended",
        lambda _path, _shape, provider: right if provider == CPU_PROVIDER else right + np.resize(change, right.shape),
    )


def test_the_cpu_agrees_with_itself(tiny_onnx: Artifact) -> None:
    assert attention_difference(tiny_onnx.path, tiny_onnx.spec.architecture, CPU_PROVIDER) == 0


@pytest.mark.parametrize(
    ("change", "right"),
    [([1e-6, -1e-6], True), ([0.0] * 900 + [0.2], False), ([float("nan")], False)],
    ids=["rounding", "a few wrong rows", "no numbers"],
)
def test_rounding_is_told_from_wrong_rows(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch, change: list[float], right: bool
) -> None:
    attended(tiny_onnx, monkeypatch, np.asarray(change, dtype=np.float32))
    assert attention_is_right(tiny_onnx.path, tiny_onnx.spec.architecture, OTHER) is right


def test_an_artifact_without_the_graph_is_left_to_the_self_test(tmp_path: Path, tiny_onnx: Artifact) -> None:
    assert attention_difference(tmp_path, tiny_onnx.spec.architecture, OTHER) is None
    assert attention_is_right(tmp_path, tiny_onnx.spec.architecture, OTHER)


def test_every_attention_has_the_name_by_which_it_is_left_to_the_cpu(tiny_onnx: Artifact) -> None:
    shape = tiny_onnx.spec.architecture
    for graph, layers in ((FAST_DECODER_NAME, shape.layers), (EXACT_DECODER_NAME, shape.layers), (VISION_NAME, 4)):
        nodes = onnx.load(tiny_onnx.path / graph, load_external_data=False).graph.node
        named = {node.name for node in nodes if node.op_type in ("GroupQueryAttention", "MultiHeadAttention")}
        assert len(named) == layers
        assert named <= set(attention_nodes(shape))


@pytest.mark.parametrize("right", [True, False])
def test_webgpu_leaves_attention_to_the_cpu_only_where_its_own_is_wrong(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch, right: bool
) -> None:
    monkeypatch.setattr(backend, "attention_is_right", lambda *_arguments: right)
    monkeypatch.setattr(backend, "provider_options", lambda _device: (CPU_PROVIDER, Placement()))
    model = OnnxBackend().load(tiny_onnx, "webgpu", "int8")
    assert isinstance(model, OnnxModel)
    assert bool(model.network.left_to_cpu) is not right
