"""The embedded model in every format: as packaged with the program, or quantized once and kept in the cache folder."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import get_args

from medmo_export.request import ExportMethod, ExportRequest
from medmo_models import __version__
from medmo_models.artifact import Artifact, open_artifact, open_model
from medmo_models.directories import user_cache_directory
from medmo_models.errors import MedMOError
from medmo_models.library import embedded_model_path

_CALIBRATION_SAMPLES = 8


@lru_cache(maxsize=1)
def embedded_model() -> Artifact:
    """Return the embedded model as it ships."""
    return open_model(embedded_model_path())


def packaged_copy_path(method: str) -> Path:
    """Return where a packaged program carries a copy in a format; it need not exist."""
    return embedded_model_path().with_name(f"{embedded_model_path().name}-{method}")


def find_embedded(method: str) -> Artifact | None:
    """Return the embedded model in a format if it is at hand, None if it must be made first."""
    if method in (embedded_model().manifest.method, "fp16", "fp32"):
        return embedded_model()
    for folder in (packaged_copy_path(method), _kept_copy_path(method)):
        with contextlib.suppress(MedMOError):
            return open_artifact(folder)
    return None


def embedded_export(method: str, source: Path | None = None) -> ExportRequest:
    """Return the export that makes the copy which `find_embedded` then finds.

    Parameters
    ----------
    method : str
    source : Path, optional
        The embedded model, or its GPTQ copy, whose weights ONNX can hold value by value; the embedded model if not
        given.
    """
    known: ExportMethod = next(name for name in get_args(ExportMethod) if name == method)
    destination = _kept_copy_path(method)
    destination.parent.mkdir(parents=True, exist_ok=True)
    return ExportRequest(
        method=known,
        checkpoint=source or embedded_model().path,
        destination=destination,
        calibration_samples=_CALIBRATION_SAMPLES,
        overwrite=True,
    )


def _kept_copy_path(method: str) -> Path:
    return user_cache_directory() / "self-test" / f"{embedded_model().id[:16]}-{__version__}" / method
