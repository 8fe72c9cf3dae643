"""From a sensitivity scan to exports with layers of 8 bits, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from medmo_evaluation.compare.sensitivity import propose
from medmo_evaluation.compare.weight_check import layer_errors
from medmo_export.calibration import phantom_set
from medmo_export.gptq.weights import text_linear_layers
from medmo_export.pipeline import ExportRequest, run_export
from medmo_export.recipe import average_bits, dynamic_settings, read_recipe
from medmo_models.artifact import Artifact, open_model
from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels
from medmo_models.library import embedded_model_path
from medmo_models.networks.dequantized import unpack_gptq
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.phantoms import make_phantom
from medmo_runtime.session import Session

LAYERS = "model.language_model.layers"
QKV = tuple(f"{LAYERS}.0.self_attn.{part}_proj" for part in "qkv")
SHAPES = text_linear_layers(read_tensor_headers(embedded_model_path().glob("*.safetensors")))


def scanned(path: Path, budget: float = 4.8, layers: dict[str, tuple[int, int]] = SHAPES) -> Path:
    """Write the report of a scan in which the first layer's attention hurt most, the more the earlier the layer."""
    klds = {name: 1.0 / (1 + int(name.split(".")[3])) * (2.0 if "attn" in name else 1.0) for name in layers}
    scan = propose(layers, klds, budget, 3, 40)
    path.write_text(json.dumps({"sensitivity": scan.to_json()}), encoding="utf-8")
    return path


def changed(path: Path, layer: str, bits: int) -> Path:
    report = json.loads(path.read_text())
    next(entry for entry in report["sensitivity"]["layers"] if entry["layer"] == layer)["proposed_bits"] = bits
    path.write_text(json.dumps(report))
    return path


def request(method: str, folder: Path, recipe: Path, **more: object) -> ExportRequest:
    return ExportRequest(
        method=method,  # type: ignore[arg-type]
        checkpoint=embedded_model_path(),
        destination=folder,
        recipe=read_recipe(recipe),
        calibration=phantom_set(2, 99),
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("mixed")
    return run_export(request("gptq", folder / "tiny", scanned(folder / "report.json")))


def test_a_scan_spends_its_budget_on_whole_products(tmp_path: Path) -> None:
    recipe = read_recipe(scanned(tmp_path / "report.json"))
    assert set(QKV) <= recipe.protected
    for name in recipe.protected:
        if name.endswith(("gate_proj", "up_proj")):
            assert {re.sub("(gate|up)_proj", f"{part}_proj", name) for part in ("gate", "up")} <= recipe.protected
    assert 4.5 < average_bits(SHAPES, recipe.protected, 128) <= 4.8
    none = propose(SHAPES, dict.fromkeys(SHAPES, 1.0), average_bits(SHAPES, (), 128), 3, 40)
    assert {layer.proposed_bits for layer in none.layers} == {4}


def test_the_artifact_says_which_layers_have_8_bits(mixed: Artifact, tmp_path: Path) -> None:
    recipe = read_recipe(scanned(tmp_path / "report.json"))
    fine = {name for name, reason in mixed.manifest.high_precision.items() if "recipe" in reason}
    assert fine == recipe.protected
    assert 4.4 < mixed.manifest.bits_per_weight <= 4.8
    errors = {error.layer: error.error for error in layer_errors(mixed, open_model(embedded_model_path()))}
    assert max(errors[name] for name in fine) < 0.02
    assert np.median([errors[name] for name in errors.keys() - fine]) > 0.08
    for name in ("config.json", "quantize_config.json"):
        settings = json.loads((mixed.path / name).read_text())
        assert settings.get("quantization_config", settings)["dynamic"] == dynamic_settings(fine)


def test_its_answers_are_those_of_the_source(mixed: Artifact) -> None:
    image = image_from_pixels(make_phantom(3, 0).pixels)
    answers = []
    for artifact, backend in ((mixed, "gptq"), (open_model(embedded_model_path()), "reference")):
        with Session.open([artifact], backend=backend, device="cpu") as session:
            answers.append(session.ask([image], "Is there a nodule?").text)
    assert answers[0] == answers[1] != ""


def test_gptqmodel_takes_the_same_layers_for_8_bits(mixed: Artifact) -> None:
    with quiet_gptqmodel():
        from gptqmodel import QuantizeConfig

        settings = QuantizeConfig.from_pretrained(str(mixed.path))
    found = {name for name in SHAPES if settings.dynamic_get(name, "bits", settings.bits) == 8}
    assert found == {name for name, reason in mixed.manifest.high_precision.items() if "recipe" in reason}


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("language_model.model.layers.0.self_attn.qkv_proj", True),  # vLLM's name of the fused product
        ("model.language_model.layers.0.self_attn.q_proj", True),
        ("language_model.model.layers.10.self_attn.qkv_proj", False),
        ("model.language_model.layers.0.self_attn.o_proj", False),
        ("model.visual.blocks.0.attn.qkv", False),
    ],
)
def test_the_rules_fit_names_of_checkpoints_and_of_vllm(name: str, matches: bool) -> None:
    [rule] = dynamic_settings(QKV)
    assert (re.match(rule.removeprefix("+:"), name) is not None) == matches


def test_onnx_repacks_every_layer_without_loss(mixed: Artifact, tmp_path: Path) -> None:
    repacked = run_export(
        ExportRequest(
            method="onnx-int4",
            checkpoint=mixed.path,
            destination=tmp_path / "onnx",
            reference=embedded_model_path(),
        )
    )
    source = open_model(embedded_model_path())
    ours, theirs = ({error.layer: error.error for error in layer_errors(a, source)} for a in (mixed, repacked))
    assert ours == theirs
    fine = {name for name in mixed.manifest.high_precision if name.startswith(LAYERS)}
    assert fine == {name for name in repacked.manifest.high_precision if name.startswith(LAYERS)} != set()
    weights = unpack_gptq(load_file(mixed.path / "model.safetensors"))
    assert fine <= {name.removesuffix(".weight") for name in weights}


def test_a_rounded_onnx_export_takes_the_recipe_as_well(tmp_path: Path) -> None:
    artifact = run_export(
        request("onnx-int4", tmp_path / "onnx", scanned(tmp_path / "report.json"), round_to_nearest=True)
    )
    errors = {error.layer: error.error for error in layer_errors(artifact, open_model(embedded_model_path()))}
    assert max(errors[name] for name in QKV) < 0.02
    assert artifact.manifest.bits_per_weight <= 4.8


def test_what_is_no_recipe_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"sensitivity": null}')
    with pytest.raises(InputError, match="--per-layer"):
        read_recipe(path)
    path.write_text('{"sensitivity": {"layers": []}}')
    with pytest.raises(InputError, match="older medmo"):
        read_recipe(path)
    with pytest.raises(InputError, match=r"without model\.language_model\.layers\.0\.self_attn\.k_proj"):
        read_recipe(changed(scanned(path), QKV[1], 4))


def test_a_recipe_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    report, out = tmp_path / "report.json", tmp_path / "out"
    more = changed(scanned(report), f"{LAYERS}.3.mlp.down_proj", 8)
    with pytest.raises(InputError, match=r"above its budget of 4\.8"):
        run_export(request("gptq", out, more))
    unknown = {f"{LAYERS}.99.mlp.down_proj": (256, 256)}
    with pytest.raises(InputError, match=r"layers\.99\.mlp\.down_proj, which is not a layer of this model"):
        run_export(request("gptq", out, scanned(report, layers=SHAPES | unknown)))
    wider = {name: (2 * outputs, inputs) for name, (outputs, inputs) in SHAPES.items()}
    with pytest.raises(InputError, match="is of another model"):
        run_export(request("onnx-int4", out, scanned(report, layers=wider)))
    assert not out.exists()
