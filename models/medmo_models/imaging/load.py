"""The one way in: a path to an image file, out come the pixels that the model is given."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from medmo_models.errors import InputError
from medmo_models.imaging.detect import detect_format, open_image_file
from medmo_models.imaging.grey import Window
from medmo_models.imaging.loaded import ImageSource, LoadedImage, Rendering, SourceFormat


def load_image(
    path: Path | str, *, frame: int | None = None, window: tuple[float, float] | Window | None = None
) -> LoadedImage:
    """Load a DICOM, PNG, JPEG or TIFF image as the RGB pixels for the model.

    Parameters
    ----------
    path : path
        One image file; its format is recognised by content.
    frame : int, optional
        The frame (DICOM) or page (TIFF) to show, from 0. Default: the first.
    window : (center, width) or Window, optional
        Grey window in place of the file's own, in rescaled units (Hounsfield for CT) or, outside DICOM, in stored
        values. A pair is the LINEAR function of DICOM PS3.3 C.11.2.1.2.1; for widths below 1, where that is not
        defined, LINEAR_EXACT.

    Returns
    -------
    LoadedImage
        8-bit PNG, JPEG and TIFF values are passed on unstretched. Grey values of more bits are shown through the
        window, in DICOM through the file's VOI lookup table or first window, and without either over the full range
        they span.

    Raises
    ------
    InputError
        The file cannot be read, is not an image, is damaged, cut short or too large, has no such frame, or is in
        colour and a window was given. The text is one sentence that starts with ``path``.
    """
    return load_source(path, frame=frame, window=window).image


def load_source(
    path: Path | str, *, frame: int | None = None, window: tuple[float, float] | Window | None = None
) -> ImageSource:
    """Load an image as `load_image` does, together with the grey values before the window and the DICOM data set."""
    try:
        chosen = _usable_window(window)
        with open_image_file(Path(path)) as handle:
            source_format = detect_format(handle)
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            handle.seek(0)
            rendering = _read(handle, source_format, frame, chosen)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from None
    height, width, _ = rendering.pixels.shape
    image = LoadedImage(
        pixels=rendering.pixels,
        width=width,
        height=height,
        sha256=sha256,
        frame=rendering.frame,
        frame_count=rendering.frame_count,
        source_format=source_format,
        notes=rendering.notes,
    )
    return ImageSource(image, rendering.grey, rendering.dataset)


def _read(handle: BinaryIO, source_format: SourceFormat, frame: int | None, window: Window | None) -> Rendering:
    # Imported here: pydicom and tifffile each take longer to import than most images take to load.
    if source_format == "DICOM":
        from medmo_models.imaging.dicom import read_dicom

        return read_dicom(handle, frame, window)
    if source_format == "TIFF":
        from medmo_models.imaging.tiff import read_tiff

        return read_tiff(handle, frame, window)
    from medmo_models.imaging.raster import read_raster

    return read_raster(handle, source_format, frame, window)


def _usable_window(window: tuple[float, float] | Window | None) -> Window | None:
    if window is None:
        return None
    chosen = window if isinstance(window, Window) else Window(*window)
    if not chosen.is_usable:
        raise InputError(f"the window {chosen} is not usable: give a center and a width above 0")
    return chosen
