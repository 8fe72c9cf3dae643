"""Values to what is on screen, and to what the model is given."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medmo_desktop.study.model import Frame, GreyWindow
from medmo_desktop.study.nifti import show_slice
from medmo_desktop.study.reading import load_source
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage
from medmo_models.imaging.grey import Window, check_window, to_bytes

Quality = Literal["fast", "smooth"]


def render_grey(
    values: NDArray[Any], center: float, width: float, inverted: bool, function: str = "LINEAR"
) -> NDArray[np.uint8]:
    """Return values through a window as bytes.

    Parameters
    ----------
    values : ndarray of numbers, shape (rows, columns)
    center, width : float
        In the unit of ``values``; ``width`` above 0.
    inverted : bool
        Whether low values become white.
    function : {"LINEAR", "LINEAR_EXACT", "SIGMOID"}
        DICOM's VOI LUT Function.

    Returns
    -------
    ndarray of uint8, shape (rows, columns)
        The same bytes as `medmo_models.imaging.load_image` computes for this window.
    """
    window = Window(center, width, function)
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        return _through_table(values, window, inverted)
    shown = to_bytes(window.fractions(values))
    return 255 - shown if inverted else shown


def _through_table(values: NDArray[Any], window: Window, inverted: bool) -> NDArray[np.uint8]:
    """Look every value up by its bits read as an unsigned number, so that the index needs no arithmetic."""
    unsigned = np.dtype(f"u{values.dtype.itemsize}")
    entries = np.arange(1 << (8 * values.dtype.itemsize), dtype=unsigned).view(values.dtype)
    table = to_bytes(window.fractions(entries))
    table = 255 - table if inverted else table
    # Every index is inside the table: "clip" only spares numpy the check, which would copy the indices.
    shown: NDArray[np.uint8] = table.take(values.view(unsigned), mode="clip")
    return shown


def render_region(
    frame: Frame,
    window: GreyWindow | None,
    inverted: bool,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    target_width: int,
    target_height: int,
    *,
    quality: Quality = "fast",
) -> NDArray[np.uint8]:
    """Return the part of an image that is on screen, at the resolution of the screen.

    Parameters
    ----------
    frame : Frame
    window : GreyWindow or None
        None shows `Frame.shown_by_default`, as does an image in colour under any window.
    inverted : bool
        Whether the user inverted the image, on top of what the file says itself (`Frame.inverted`).
    x0, y0, x1, y1 : float
        The region in pixels of the image as shown, inside of it. ``x0 > x1`` or ``y0 > y1`` mirrors it.
    target_width, target_height : int
        Size of the result, in device pixels.
    quality : {"fast", "smooth"}
        Nearest pixel, for while something moves; or averaged where the image is made smaller and bilinear where it
        is made larger, for when it is at rest. That looks at every pixel of the region: for 16 million about 0.1 s.

    Returns
    -------
    ndarray of uint8, shape (target_height, target_width) or, in colour or by default, (..., 3)
    """
    source, shown_window = (frame.values, window) if frame.is_grey and window else (frame.shown_by_default, None)
    low_is_white = inverted if shown_window is None else inverted != frame.inverted
    rows, columns = source.shape[:2]
    x0, x1 = (x * columns / frame.width for x in (x0, x1))
    y0, y1 = (y * rows / frame.height for y in (y0, y1))
    if quality == "fast":
        part = source[_nearest(y0, y1, target_height, rows)].take(_nearest(x0, x1, target_width, columns), axis=1)
        return _through_window(part, shown_window, low_is_white)
    left, right = _pixels_around(x0, x1, columns)
    top, bottom = _pixels_around(y0, y1, rows)
    shown = _through_window(source[top:bottom, left:right], shown_window, low_is_white)
    box = (min(x0, x1) - left, min(y0, y1) - top, max(x0, x1) - left, max(y0, y1) - top)
    return _resized(shown, box, (target_width, target_height), mirrored=(x0 > x1, y0 > y1))


def _through_window(part: NDArray[Any], window: GreyWindow | None, low_is_white: bool) -> NDArray[np.uint8]:
    if window is None:
        return 255 - part if low_is_white else part
    return render_grey(part, window.center, window.width, low_is_white, window.function)


def _nearest(start: float, end: float, count: int, size: int) -> NDArray[np.intp]:
    """Return which of ``size`` pixels each of ``count`` targets between two positions shows."""
    positions = start + (np.arange(count) + 0.5) * ((end - start) / count)
    indices: NDArray[np.intp] = np.clip(np.floor(positions), 0, size - 1).astype(np.intp)
    return indices


def _pixels_around(start: float, end: float, size: int) -> tuple[int, int]:
    """Return the first pixel of a span and the one after its last; at least one pixel, with a border to blend in."""
    low, high = sorted((start, end))
    first = min(max(math.floor(low) - 1, 0), size - 1)
    return first, max(min(math.ceil(high) + 1, size), first + 1)


def _resized(
    shown: NDArray[np.uint8], box: tuple[float, ...], size: tuple[int, int], mirrored: tuple[bool, bool]
) -> NDArray[np.uint8]:
    """Return a box of an image at another size; Pillow's bilinear filter averages where that is smaller."""
    height, width = shown.shape[:2]
    inside = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height))
    image = Image.fromarray(shown).resize(size, Image.Resampling.BILINEAR, box=inside, reducing_gap=2.0)
    resized = np.asarray(image)
    return np.ascontiguousarray(resized[:: -1 if mirrored[1] else 1, :: -1 if mirrored[0] else 1])


def frame_image(frame: Frame, window: GreyWindow | tuple[float, float] | None) -> LoadedImage:
    """Return a frame as the model is given it.

    Parameters
    ----------
    frame : Frame
    window : GreyWindow or (center, width) or None
        None gives `Frame.shown_by_default`.

    Returns
    -------
    LoadedImage
        What `medmo_models.imaging.load_image` returns for this frame and window: a frame in memory is read again for
        a window, so that there is one way to the pixels.

    Raises
    ------
    InputError
        The image is in colour and a window was given, the window is not usable, or the file is gone or has changed
        since it was opened.
    """
    asked = _as_window(window)
    if asked is None:
        return _loaded(frame, frame.shown_by_default, frame.notes)
    check_window(asked)
    if frame.source_format == "NIfTI":
        return _loaded(frame, *show_slice(frame, asked))
    image = load_source(frame.reference, asked).image
    if image.sha256 != frame.sha256:
        raise InputError("the file has changed since it was opened; open it again")
    return image


def _as_window(window: GreyWindow | tuple[float, float] | None) -> Window | None:
    if isinstance(window, GreyWindow):
        return Window(window.center, window.width, window.function)
    return None if window is None else Window(*window)


def _loaded(frame: Frame, pixels: NDArray[np.uint8], notes: tuple[str, ...]) -> LoadedImage:
    return LoadedImage(
        pixels=pixels,
        width=frame.width,
        height=frame.height,
        sha256=frame.sha256,
        frame=frame.reference.frame,
        frame_count=frame.frame_count,
        source_format=frame.source_format,
        notes=notes,
    )
