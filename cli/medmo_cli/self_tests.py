"""The embedded model in every format, on which backends are judged, and tests before use that print what they do."""

from __future__ import annotations

from pathlib import Path

from medmo_cli.export import run_with_progress
from medmo_cli.output import messages
from medmo_export.embedded import embedded_export, find_embedded
from medmo_models.artifact import Artifact
from medmo_models.errors import MedMOError
from medmo_runtime import proving
from medmo_runtime.proving import self_tests_wanted
from medmo_runtime.worker import OpenRequest

__all__ = ["embedded_in_format", "judge", "self_tests_wanted", "test_before_use"]


def test_before_use(request: OpenRequest) -> None:
    """Test what a worker would choose for a request, if it was not tested on this machine yet.

    Raises
    ------
    InputError, NothingFitsError
        As `medmo_runtime.proving.choose_tested`.
    """
    proving.prove_request(request, judge, lambda text: messages.print(text, style="dim", markup=False))


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
