"""One frame of a file into memory: its values, and everything that is shown beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from medmo_desktop.study.corner_text import dicom_corner_text
from medmo_desktop.study.geometry import read_edge_letters, read_spacing, read_unit
from medmo_desktop.study.model import Frame, FrameReference, GreyWindow
from medmo_desktop.study.nifti import is_nifti, read_nifti_frame
from medmo_desktop.study.values import compact
from medmo_models.errors import InputError
from medmo_models.imaging import GreyValues, ImageFile, ImageSource, LoadedImage
from medmo_models.imaging.grey import Window
from medmo_models.imaging.library_calls import failure_means, quiet_library

_held: dict[Path, ImageFile] = {}
_held_lock = threading.Lock()


def read_frame(reference: FrameReference) -> Frame:
    """Read one frame; `Frame.shown_by_default` is what `medmo_models.imaging.load_image` gives for it.

    Raises
    ------
    InputError
        The file cannot be read, is damaged or too large, or has no such frame.
    """
    if is_nifti(reference.path):
        return read_nifti_frame(reference)
    source = load_source(reference)
    image, grey = source.image, source.grey
    values = image.pixels if grey is None else compact(grey.rescaled())
    if values.base is not None:
        values = values.copy()  # a view would keep all frames of the file in memory
    for array in (values, image.pixels):
        array.flags.writeable = False
    with quiet_library("pydicom"):
        facts = {"notes": image.notes} if source.dataset is None else _dicom_facts(source.dataset, image)
    return Frame(
        reference=reference,
        values=values,
        is_grey=grey is not None,
        width=image.width,
        height=image.height,
        sha256=image.sha256,
        frame_count=image.frame_count,
        source_format=image.source_format,
        inverted=grey is not None and grey.inverted,
        windows=() if grey is None else _windows(grey),
        shown_by_default=image.pixels,
        **facts,
    )


def load_source(reference: FrameReference, window: Window | None = None) -> ImageSource:
    """Load a frame as `medmo_models.imaging.load_image` does, with what it was made from; raises `InputError`.

    The last file with several frames stays open, since each frame would mean reading all of it again.
    """
    with _held_lock:
        held = _held.get(reference.path)
    file = held if held is not None and held.is_current else ImageFile(reference.path)
    source = file.load(reference.frame, window)
    if source.image.frame_count > 1:
        with _held_lock:
            _held.clear()
            _held[reference.path] = file
    return source


def _windows(grey: GreyValues) -> tuple[GreyWindow, ...]:
    return tuple(
        GreyWindow(window.center, window.width, window.explanation, window.function) for window in grey.windows
    )


def _dicom_facts(dataset: Any, image: LoadedImage) -> dict[str, Any]:
    """Return what the data set says beside the pixels; an element that cannot be read is left out, with a note."""
    enlarged = (image.height / dataset.Rows, image.width / dataset.Columns)
    frame = image.frame
    readers: dict[str, tuple[str, Callable[[], Any]]] = {
        "unit": ("unit of the values", lambda: read_unit(dataset, frame)),
        "spacing": ("pixel spacing", lambda: read_spacing(dataset, frame, enlarged)),
        "orientation": ("orientation", lambda: read_edge_letters(dataset, frame)),
        "corner_text": ("corner text", lambda: dicom_corner_text(dataset, frame, image.frame_count)),
    }
    facts, notes = {}, image.notes
    for name, (words, read) in readers.items():
        try:
            with failure_means("damaged"):
                facts[name] = read()
        except InputError:
            notes = (*notes, f"the {words} in the file cannot be read and is left out")
    return {**facts, "notes": notes}
