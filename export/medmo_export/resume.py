"""Exports that can be stopped and gone on with: what they keep, for which request, and when it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from medmo_export.gptq.options import GptqOptions
from medmo_models.artifact.staging import discard_resumable, resumable_folder, resumable_folders
from medmo_models.errors import CancelledError, MedMOError, OutOfMemoryError
from medmo_models.strict_json import canonical_json

#: Characters of the hash in the folder's name.
_KEY_LENGTH = 16
#: Another version may compute otherwise.
_VERSIONS = ("medmo-edge", "gptqmodel", "torch", "transformers")


def gptq_work_folder(destination: Path, source_id: str, options: GptqOptions, calibration: str, device: str) -> Path:
    """Return where a GPTQ export keeps its layers; it has another name for another request.

    Parameters
    ----------
    destination : Path
        The artifact's folder.
    source_id : str
        The SHA-256 of the source's content.
    options : GptqOptions
    calibration : str
        The SHA-256 of the calibration set.
    device : str
    """
    import torch

    request = {
        "source": source_id,
        "options": asdict(options),
        "calibration": calibration,
        "device": device,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "versions": {name: version(name) for name in _VERSIONS},
    }
    digest = hashlib.sha256(canonical_json(request)).hexdigest()
    return resumable_folder(destination.resolve(), digest[:_KEY_LENGTH])


@contextmanager
def work_kept_if_stopped(destination: Path, notice: Callable[[str], None]) -> Iterator[None]:
    """Keep what an export has done if it is stopped inside the ``with`` block, and say so.

    It goes when the export is finished, and with an error that the same request would meet again. The caller holds the
    right to write ``destination``.
    """
    destination = destination.resolve()
    try:
        yield
    except BaseException as error:
        if isinstance(error, MedMOError) and not isinstance(error, (CancelledError, OutOfMemoryError)):
            discard_resumable(destination)
        for folder in resumable_folders(destination):
            notice(f"What is done is kept in {folder}: give the same command to go on, or delete the folder.")
        raise
    discard_resumable(destination)
