"""The embedded model behind a controller, and a generated image to ask about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from medmo_desktop.asking.controller import InferenceController
from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.artifact import Artifact
from medmo_models.library import embedded_model_path
from medmo_runtime.worker import OpenRequest


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The embedded model as 4-bit ONNX, rounded to nearest."""
    folder = tmp_path_factory.mktemp("onnx") / "tiny"
    return run_export(
        ExportRequest(method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, round_to_nearest=True)
    )


@pytest.fixture(scope="session")
def tiny_request(tiny_onnx: Artifact) -> OpenRequest:
    return OpenRequest(artifacts=(str(tiny_onnx.path),))


@pytest.fixture
def controller(qtbot: object) -> Iterator[InferenceController]:
    controller = InferenceController()
    yield controller
    controller.close()
