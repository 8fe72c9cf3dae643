"""The embedded model in every format, on which backends are judged, and whether self-tests run at all."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path
from typing import get_args

from medmo_cli.export import run_with_progress
from medmo_cli.output import messages
from medmo_export.pipeline import ExportMethod, ExportRequest
from medmo_models import __version__
from medmo_models.artifact import Artifact, open_artifact, open_model
from medmo_models.directories import user_cache_directory
from medmo_models.errors import MedMOError
from medmo_models.library import embedded_model_path
from medmo_runtime.candidates import Search
from medmo_runtime.hardware import probe_machine
from medmo_runtime.hardware.torch_view import confirm_with_torch
from medmo_runtime.measurements import MeasurementStore
from medmo_runtime.proving import choose_tested
from medmo_runtime.worker import OpenRequest

#: Set to 1, it leaves self-tests out of every command but ``medmo doctor``.
SKIP_VARIABLE = "MEDMO_SKIP_SELF_TEST"


def self_tests_wanted(option: bool) -> bool:
    """Return whether to test backends before they are used: the option, unless the variable says no."""
    return option and os.environ.get(SKIP_VARIABLE, "") in ("", "0")


def test_before_use(request: OpenRequest) -> None:
    """Test what a worker would choose for a request, if it was not tested on this machine yet.

    Raises
    ------
    InputError, NothingFitsError
        As `medmo_runtime.proving.choose_tested`.
    """
    artifacts = [open_model(Path(folder)) for folder in request.artifacts]
    machine = probe_machine()
    if not all(one.manifest.method.startswith("onnx") for one in artifacts):
        machine = confirm_with_torch(machine)
    search = Search(
        machine,
        request.backend,
        request.device,
        request.dtype,
        request.max_pixels,
        request.images,
        request.new_tokens,
        MeasurementStore(),
    )
    choose_tested(artifacts, search, judge, lambda text: messages.print(text, style="dim", markup=False))


@lru_cache(maxsize=1)
def _embedded() -> Artifact:
    return open_model(embedded_model_path())


def embedded_in_format(method: str) -> Artifact:
    """Return the embedded model in a format, quantized on first use and kept in the cache folder.

    Raises
    ------
    MedMOError
        If it cannot be quantized here, without torch for example.
    """
    embedded = _embedded()
    if method in (embedded.manifest.method, "fp16", "fp32"):
        return embedded
    destination = user_cache_directory() / "self-test" / f"{embedded.id[:16]}-{__version__}" / method
    with contextlib.suppress(MedMOError):
        return open_artifact(destination)
    known = next(name for name in get_args(ExportMethod) if name == method)
    return _make(known, destination)


def judge(method: str) -> Path | None:
    """Return the folder of `embedded_in_format`; None if it cannot be made here."""
    try:
        return embedded_in_format(method).path
    except MedMOError as error:
        messages.print(f"there is no embedded model in {method} to judge on: {error}", markup=False)
        return None


def _make(method: ExportMethod, destination: Path) -> Artifact:
    source = embedded_in_format("gptq").path if method == "onnx-int4" else _embedded().path
    messages.print(f"quantizing the embedded model to {method} for the self-test (once)")
    destination.parent.mkdir(parents=True, exist_ok=True)
    return run_with_progress(
        ExportRequest(method=method, checkpoint=source, destination=destination, calibration_samples=8, overwrite=True)
    )
