from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from medmo_evaluation.compare.weight_check import layer_errors
from medmo_export.pipeline import ExportRequest, run_export
from medmo_export.recipe import read_recipe
from medmo_models.artifact import open_model
from medmo_models.errors import InputError
from medmo_models.library import embedded_model_path

LAYER = "model.language_model.layers.0.self_attn.v_proj"


def write_report(path: Path, layers: list[dict[str, object]]) -> Path:
    path.write_text(json.dumps({"sensitivity": {"layers": layers}}), encoding="utf-8")
    return path


def test_a_recipes_layers_are_closer_to_the_source(tmp_path: Path) -> None:
    entries: list[dict[str, object]] = [
        {"layer": LAYER, "proposed_bits": 8.125},
        {"layer": LAYER.replace("v_proj", "q_proj"), "proposed_bits": 4.125},
    ]
    protected = read_recipe(write_report(tmp_path / "report.json", entries))
    assert protected == {LAYER}
    artifact = run_export(
        ExportRequest(
            method="onnx-int4",
            checkpoint=embedded_model_path(),
            destination=tmp_path / "tiny",
            round_to_nearest=True,
            protected_layers=protected,
        )
    )
    assert LAYER in artifact.manifest.high_precision
    assert 4.25 < artifact.manifest.bits_per_weight < 4.5
    errors = {error.layer: error.error for error in layer_errors(artifact, open_model(embedded_model_path()))}
    assert errors[LAYER] < 0.02
    assert np.median(list(errors.values())) > 0.08


def test_a_report_without_layers_and_a_recipe_of_another_model_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text('{"sensitivity": null}')
    with pytest.raises(InputError, match="--per-layer"):
        read_recipe(tmp_path / "plain.json")
    request = ExportRequest(
        method="onnx-int4",
        checkpoint=embedded_model_path(),
        destination=tmp_path / "tiny",
        round_to_nearest=True,
        protected_layers=frozenset({"model.language_model.layers.99.mlp.up_proj"}),
    )
    with pytest.raises(InputError, match=r"layers\.99"):
        run_export(request)
    assert not (tmp_path / "tiny").exists()
