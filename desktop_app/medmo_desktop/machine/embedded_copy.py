"""The embedded model's 4-bit copy: where it is, whether it can be made here, and making it. Free of Qt."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.export_job import ExportOrder, ExportResult, export_in_process
from medmo_export.embedded import embedded_export, find_embedded
from medmo_models.library import embedded_model_path

#: Needs no torch, and answers the next question about an image at once.
FAST_FORMAT = "onnx-int4"
_CALIBRATION_SAMPLES = 8


def can_make_fast_copy() -> bool:
    """Whether what quantizes is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "onnx", "gptqmodel"))


def fast_copy_is_missing() -> bool:
    """Whether the embedded model has no ONNX copy yet, and one can be made here."""
    return can_make_fast_copy() and find_embedded(FAST_FORMAT) is None


def fast_copy_folder() -> Path:
    """Return where the ONNX copy belongs."""
    return embedded_export(FAST_FORMAT).destination


def make_fast_copy(control: JobControl) -> ExportResult | None:
    """Make the copy in a process of its own; None if it is there already or cannot be made here.

    Raises
    ------
    MedMOError
        As `export_in_process`.
    """
    if not fast_copy_is_missing():
        return None
    order = ExportOrder(
        embedded_model_path(),
        fast_copy_folder(),
        "onnx-int4",
        calibration_samples=_CALIBRATION_SAMPLES,
        overwrite=True,  # what is there cannot be opened: it is damaged, or a version before wrote it
    )
    return export_in_process(order, control)
