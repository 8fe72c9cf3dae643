"""Which model answers: the one that the user chose, else the embedded one in the best format at hand. Free of Qt."""

from __future__ import annotations

from pathlib import Path

from medmo_desktop.machine.embedded_copy import FAST_FORMAT, can_make_fast_copy
from medmo_export.embedded import embedded_model, find_embedded
from medmo_models.errors import CannotRunError
from medmo_runtime.worker import OpenRequest


def model_request(chosen: tuple[str, ...], *, ignore_memory: bool = False) -> OpenRequest:
    """Return what to load.

    Parameters
    ----------
    chosen : tuple of str
        Folders of the chosen model's artifacts; empty for the embedded model: its ONNX copy if there is one, which
        needs no torch and answers the next question at once, else its checkpoint.
    ignore_memory : bool
        Load the chosen model although it should not fit.

    Raises
    ------
    CannotRunError
        If the embedded model has no ONNX copy and torch is not installed.
    """
    folders = tuple(folder for folder in chosen if Path(folder).is_dir())
    if folders:
        return OpenRequest(folders, ignore_memory=ignore_memory)
    copy = find_embedded(FAST_FORMAT)
    if copy is not None:
        return OpenRequest((str(copy.path),))
    if not can_make_fast_copy():
        raise CannotRunError(
            "Without torch the embedded model needs its ONNX copy, and there is none: install medmo-edge[torch] once, "
            "or choose an ONNX artifact under Models."
        )
    return OpenRequest((str(embedded_model().path),))
