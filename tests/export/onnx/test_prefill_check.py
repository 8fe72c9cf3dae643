"""An artifact reads long prompts layer by layer only if that leaves the model's answers as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from medmo_export.calibration import CalibrationSample, phantom_calibration
from medmo_export.onnx.prefill_check import LARGEST_COST, check_prefill_layer, prefill_cost
from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.library import embedded_model_path
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.settings import PREFILL_LAYER_NAME
from medmo_runtime.hardware import processor

#: Layers whose input has just been normalized.
READ_NORMALIZED = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
pytestmark = pytest.mark.skipif(
    not processor.multiplies_integers(), reason="this processor's products of signed by unsigned integers overflow"
)


@pytest.fixture(scope="module")
def samples() -> list[CalibrationSample]:
    return phantom_calibration(2, 77)


def export(checkpoint: Path, destination: Path, notices: list[str]) -> Path:
    request = ExportRequest(method="onnx-int4", checkpoint=checkpoint, destination=destination, round_to_nearest=True)
    return run_export(request, notice=notices.append).path


def test_the_embedded_model_keeps_it(tmp_path: Path, samples: list[CalibrationSample]) -> None:
    notices: list[str] = []
    artifact = export(embedded_model_path(), tmp_path / "tiny", notices)
    assert 0 < prefill_cost(artifact, samples) < LARGEST_COST / 10
    assert check_prefill_layer(artifact, samples) is None
    assert OnnxNetwork(artifact, layerwise=True).layerwise is not None
    assert not notices


def test_a_channel_that_drowns_the_others_goes_the_usual_way(tmp_path: Path) -> None:
    checkpoint = Path(shutil.copytree(embedded_model_path(), tmp_path / "checkpoint"))
    (checkpoint / "manifest.json").unlink()
    (file,) = checkpoint.glob("*.safetensors")
    tensors = load_file(file)
    for name, weight in tensors.items():  # the same function, but for what rounding makes of it
        if "language_model.layers" in name and name.endswith("layernorm.weight"):
            weight[3] *= 3000
        if "language_model.layers" in name and name.split(".")[-2] in READ_NORMALIZED:
            weight[:, 3] /= 3000
    save_file(tensors, file, metadata={"format": "pt"})
    notices: list[str] = []
    artifact = export(checkpoint, tmp_path / "artifact", notices)
    assert "Long prompts will be read in the slower way" in notices[-1]
    assert not list(artifact.glob(f"{Path(PREFILL_LAYER_NAME).stem}*"))
    assert OnnxNetwork(artifact, layerwise=True).layerwise is None
