"""Artifacts of the embedded model that the runtime's tests share."""

from __future__ import annotations

import pytest

from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.artifact import Artifact
from medmo_models.library import embedded_model_path


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The embedded model as 4-bit ONNX, rounded to nearest."""
    folder = tmp_path_factory.mktemp("onnx") / "tiny"
    return run_export(
        ExportRequest(method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, round_to_nearest=True)
    )
