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
    if quality == "fast":
        size = (target_width, target_height)
        sampled = sample_region(frame, (x0, y0, x1, y1), size, stored=window is not None)
        return show_sampled(frame, sampled, window, inverted)
    source, shown_window, low_is_white = _shown_source(frame, window, inverted)
    rows, columns = source.shape[:2]
    x0, x1 = (x * columns / frame.width for x in (x0, x1))
    y0, y1 = (y * rows / frame.height for y in (y0, y1))
    left, right = _pixels_around(x0, x1, columns)
    top, bottom = _pixels_around(y0, y1, rows)
    shown = _through_window(source[top:bottom, left:right], shown_window, low_is_white)
    box = (min(x0, x1) - left, min(y0, y1) - top, max(x0, x1) - left, max(y0, y1) - top)
    return _resized(shown, box, (target_width, target_height), mirrored=(x0 > x1, y0 > y1))


def sample_region(
    frame: Frame, corners: tuple[float, float, float, float], size: tuple[int, int], *, stored: bool
) -> NDArray[Any]:
    """Return the nearest pixel of an image for each pixel on screen, before any window.

    Parameters
    ----------
    frame : Frame
    corners : tuple of float
        ``(x0, y0, x1, y1)`` as in `render_region`.
    size : tuple of int
        ``(width, height)`` in device pixels.
    stored : bool
        From `Frame.values`, for a window; else from `Frame.shown_by_default`. Of colour always the latter.

    Returns
    -------
    ndarray, shape (height, width) or (height, width, 3)
        Possibly a view of the frame.
    """
    source = frame.values if frame.is_grey and stored else frame.shown_by_default
    height, width = source.shape[:2]
    x0, y0, x1, y1 = corners
    rows = _nearest(y0 * height / frame.height, y1 * height / frame.height, size[1], height)
    columns = _nearest(x0 * width / frame.width, x1 * width / frame.width, size[0], width)
    even_rows, even_columns = _as_slice(rows), _as_slice(columns)
    if even_rows is not None and even_columns is not None:
        return source[even_rows, even_columns]
    first, last = int(columns.min()), int(columns.max())
    sampled: NDArray[Any] = source[rows if even_rows is None else even_rows, first : last + 1]
    return sampled.take(columns - first, axis=1)


def show_sampled(frame: Frame, sampled: NDArray[Any], window: GreyWindow | None, inverted: bool) -> NDArray[np.uint8]:
    """Return what `sample_region` took as bytes; parameters as `render_region`."""
    _, shown_window, low_is_white = _shown_source(frame, window, inverted)
    return _through_window(sampled, shown_window, low_is_white)


def _shown_source(
    frame: Frame, window: GreyWindow | None, inverted: bool
) -> tuple[NDArray[Any], GreyWindow | None, bool]:
    """Return the pixels that are shown, the window that they go through, and whether low ones become white."""
    if frame.is_grey and window is not None:
        return frame.values, window, inverted != frame.inverted
    return frame.shown_by_default, None, inverted


def _through_window(part: NDArray[Any], window: GreyWindow | None, low_is_white: bool) -> NDArray[np.uint8]:
    if window is None:
        return 255 - part if low_is_white else part
    return render_grey(part, window.center, window.width, low_is_white, window.function)


def _nearest(start: float, end: float, count: int, size: int) -> NDArray[np.intp]:
    """Return which of ``size`` pixels each of ``count`` targets between two positions shows."""
    positions = start + (np.arange(count) + 0.5) * ((end - start) / count)
    indices: NDArray[np.intp] = np.clip(np.floor(positions), 0, size - 1).astype(np.intp)
    return indices


def _as_slice(indices: NDArray[np.intp]) -> slice | None:
    """Return indices at an even distance as a slice, which copies nothing; None for others."""
    if len(indices) == 1:
        return slice(int(indices[0]), int(indices[0]) + 1)
    steps = np.diff(indices)
    step = int(steps[0])
    if step == 0 or (steps != step).any():
        return None
    end = int(indices[-1]) + step
    return slice(int(indices[0]), None if end < 0 else end, step)


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
