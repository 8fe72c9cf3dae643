"""The embedded model in every format, on which backends are judged, and whether self-tests run at all."""

from __future__ import annotations

import os
from pathlib import Path

from medmo_cli.export import run_with_progress
from medmo_cli.output import messages
from medmo_export.embedded import embedded_export, find_embedded
from medmo_models.artifact import Artifact, open_model
from medmo_models.errors import MedMOError
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


def embedded_in_format(method: str) -> Artifact:
    """Return the embedded model in a format, quantized on first use and kept in the cache folder.

    Raises
    ------
    MedMOError
        If it cannot be quantized here, without torch for example.
    """
    found = find_embedded(method)
    if found is not None:
        return found
    # The doctor wants GPTQ's copy as well, so the calibration is not run twice.
    source = embedded_in_format("gptq").path if method == "onnx-int4" else None
    messages.print(f"quantizing the embedded model to {method} for the self-test (once)")
    return run_with_progress(embedded_export(method, source))


def judge(method: str) -> Path | None:
    """Return the folder of `embedded_in_format`; None if it cannot be made here."""
    try:
        return embedded_in_format(method).path
    except MedMOError as error:
        messages.print(f"there is no embedded model in {method} to judge on: {error}", markup=False)
        return None
