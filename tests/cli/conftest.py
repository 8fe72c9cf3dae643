"""Files that the command's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.artifact import Artifact
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import make_phantom


@pytest.fixture(scope="session")
def phantom_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom with findings, not square."""
    phantom = next(p for p in (make_phantom(21, i) for i in range(99)) if len(p.findings) == 2)
    path = tmp_path_factory.mktemp("images") / "phantom.png"
    Image.fromarray(phantom.pixels).save(path)
    return path


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The embedded model as 4-bit ONNX, rounded to nearest."""
    folder = tmp_path_factory.mktemp("onnx") / "tiny"
    return run_export(
        ExportRequest(method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, round_to_nearest=True)
    )
