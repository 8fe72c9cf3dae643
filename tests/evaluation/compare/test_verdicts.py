"""Wrong quantizations are caught, and sound ones are not called broken."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from medmo_evaluation.compare.summary import RowVerdict
from medmo_evaluation.compare.weight_check import layer_errors
from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.artifact import Artifact, open_model
from medmo_models.library import embedded_model_path
from medmo_models.networks.onnx import host
from medmo_runtime.backends.onnx.model import OnnxModel
from medmo_runtime.backends.torch_model import TorchModel
from medmo_runtime.session import Session
from support.comparing import SmallComparison


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallComparison:
    return SmallComparison(tmp_path_factory.mktemp("comparison"))


@pytest.fixture(scope="module")
def gptq(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    destination = tmp_path_factory.mktemp("gptq") / "tiny"
    return run_export(
        ExportRequest(method="gptq", checkpoint=embedded_model_path(), destination=destination, calibration_samples=8)
    )


@pytest.fixture(scope="module")
def onnx(gptq: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    destination = tmp_path_factory.mktemp("onnx") / "tiny"
    return run_export(ExportRequest(method="onnx-int4", checkpoint=gptq.path, destination=destination))


def verdict(small: SmallComparison, session: Session) -> RowVerdict:
    return small.judge(session).rows[-1].verdict


@pytest.mark.parametrize("name", ["gptq", "onnx"])
def test_a_sound_artifact_is_not_broken(small: SmallComparison, name: str, request: pytest.FixtureRequest) -> None:
    artifact = request.getfixturevalue(name)
    comparison = small.judge(Session.open([artifact]))
    row = comparison.rows[-1]
    assert row.verdict.level in ("same", "small")
    assert "Use" in comparison.verdict
    control = next(row for row in comparison.rows if row.kind == "control")
    assert row.tokens is not None
    assert control.tokens is not None
    assert 0 < row.tokens.kld_mean.value < control.tokens.kld_mean.value


def test_the_reference_against_itself_is_the_same(small: SmallComparison) -> None:
    row = small.judge(Session.open([open_model(embedded_model_path())], backend="reference", dtype="float32")).rows[-1]
    assert row.verdict.level == "small" or row.verdict.level == "same"
    assert row.tokens is not None
    assert row.tokens.kld_mean.value < 1e-6
    assert row.tokens.top1.value == 1.0
    assert row.boxes is not None
    assert (row.boxes.moved, row.boxes.lost, row.boxes.new) == (0, 0, 0)
    assert all(group.changed_answers == 0 for group in row.accuracies)


def test_a_corrupted_layer_is_broken(small: SmallComparison) -> None:
    session = Session.open([open_model(embedded_model_path())], backend="reference", dtype="float32")
    assert isinstance(session.model, TorchModel)
    weight = session.model.network.model.language_model.layers[1].mlp.down_proj.weight
    weight.data = weight.data[torch.randperm(len(weight), generator=torch.Generator().manual_seed(0))]
    assert verdict(small, session).level == "broken"


def test_a_dropped_deepstack_is_broken(small: SmallComparison, onnx: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session.open([onnx])
    assert isinstance(session.model, OnnxModel)
    encode = session.model.network.encode_image

    def without(pixels: np.ndarray, grid: np.ndarray) -> host.EncodedImage:
        return dataclasses.replace(image := encode(pixels, grid), deepstack=np.zeros_like(image.deepstack))

    monkeypatch.setattr(session.model.network, "encode_image", without)
    assert verdict(small, session).level == "broken"


def as_text(types: np.ndarray, grids: np.ndarray | None, merge: int) -> np.ndarray:
    return np.tile(np.arange(len(types)), (3, 1))


def turned(types: np.ndarray, grids: np.ndarray | None, merge: int) -> np.ndarray:
    return true_positions(types, grids, merge)[[0, 2, 1]]


def shifted(types: np.ndarray, grids: np.ndarray | None, merge: int) -> np.ndarray:
    positions = true_positions(types, grids, merge).copy()
    positions[:, types == 1] += 3
    return positions


true_positions = host.token_positions


@pytest.mark.parametrize("positions", [as_text, turned, shifted])
def test_wrong_positions_are_broken(
    small: SmallComparison, onnx: Artifact, monkeypatch: pytest.MonkeyPatch, positions: Callable[..., np.ndarray]
) -> None:
    monkeypatch.setattr(host, "token_positions", positions)
    assert verdict(small, Session.open([onnx])).level == "broken"


@pytest.mark.parametrize("layer", ["0.mlp.down_proj", "2.mlp.gate_proj"])
def test_swapped_scales_are_broken_and_the_layer_is_named(
    small: SmallComparison, gptq: Artifact, tmp_path: Path, layer: str
) -> None:
    damaged = shutil.copytree(gptq.path, tmp_path / "damaged", ignore=shutil.ignore_patterns("manifest.json"))
    tensors = load_file(damaged / "model.safetensors")
    name = f"model.language_model.layers.{layer}.scales"
    tensors[name] = tensors[name].flip(1).contiguous()
    save_file(tensors, damaged / "model.safetensors", metadata={"format": "pt"})
    found = verdict(small, Session.open([open_model(damaged)]))
    assert found.level == "broken"
    assert layer in found.text


def test_every_quantized_layer_is_checked_in_every_format(gptq: Artifact, onnx: Artifact, tmp_path: Path) -> None:
    reference = open_model(embedded_model_path())
    nf4 = run_export(ExportRequest(method="bnb-nf4", checkpoint=reference.path, destination=tmp_path / "nf4"))
    layers = 7 * reference.spec.architecture.layers
    for artifact in (gptq, onnx, nf4):
        errors = list(layer_errors(artifact, reference))
        assert len({error.layer for error in errors}) == len(errors) == layers
        assert all(0.02 < error.error < 0.2 and not error.is_damaged for error in errors)
    assert [e.error for e in layer_errors(gptq, reference)] == pytest.approx(
        [e.error for e in sorted(layer_errors(onnx, reference), key=lambda error: error.layer)]
    )
    assert list(layer_errors(reference, reference)) == []
