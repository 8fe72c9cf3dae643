"""The one way in: a path to an image file, out come the pixels that the model is given."""

from __future__ import annotations

from pathlib import Path

from medmo_models.imaging.grey import Window
from medmo_models.imaging.image_file import ImageFile
from medmo_models.imaging.loaded import LoadedImage


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
    chosen = window if window is None or isinstance(window, Window) else Window(*window)
    return ImageFile(path).load(frame, chosen).image
