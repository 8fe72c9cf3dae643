"""TIFF files: grey and colour of any depth, palettes, several pages."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from medmo_models.errors import InputError
from medmo_models.imaging.colour import grey_to_rgb, orient, over_black, samples_to_bytes
from medmo_models.imaging.grey import Bytes, Window, show_grey
from medmo_models.imaging.library_calls import failure_means, quiet_library
from medmo_models.imaging.loaded import GreyValues, Rendering, check_size, choose_frame, refuse_window_on_colour

_DAMAGED = "the TIFF data cannot be decoded: it is damaged, cut short or compressed in an unsupported way"
_ORIENTATION_TAG = 274
_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA = 1, 2  # TIFF 6.0, ExtraSamples


def read_tiff(handle: BinaryIO, frame: int | None, window: Window | None) -> Rendering:
    """Read one page of a TIFF file; raises `InputError`."""
    with quiet_library("tifffile"), failure_means(_DAMAGED), tifffile.TiffFile(handle) as file:
        page_count = len(file.pages)
        index, notes = choose_frame(frame, page_count)
        page = file.pages[index]
        check_size(page.imagewidth, page.imagelength)
        _check_layout(page)
        _check_complete(page, file.filehandle.size)
        samples = page.asarray()
        if samples.dtype == np.bool_:
            samples = samples.astype(np.uint8)
        if page.axes == "SYX":
            samples = np.moveaxis(samples, 0, -1)
        tag = page.tags.get(_ORIENTATION_TAG)
        orientation = tag.value if tag is not None else 1
        pixels, page_notes = _page_pixels(page, samples, window)
        grey = None
        if _is_grey(page):
            white_is_zero = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
            grey = GreyValues(orient(_colour_samples(page, samples), orientation), inverted=white_is_zero)
    notes += page_notes
    if orientation in range(2, 9):
        pixels = orient(pixels, orientation)
        notes.append(f"turned upright: TIFF orientation {orientation}")
    return Rendering(pixels, index, page_count, tuple(notes), grey)


def _check_layout(page: Any) -> None:
    """Refuse what cannot be shown as one grey or RGB picture."""
    if page.axes not in ("YX", "YXS", "SYX"):
        raise InputError("this TIFF page is a volume, not a picture; save its slices as pages")
    if np.issubdtype(page.dtype, np.complexfloating):
        raise InputError("this TIFF page holds complex numbers; save their magnitude as grey values")
    channels = page.samplesperpixel - len(page.extrasamples)
    if channels != _colour_channels(page):
        raise InputError(f"this TIFF page has {channels} channels; only grey, RGB and palette images are read")


def _colour_channels(page: Any) -> int:
    kind = page.photometric
    jpeg = page.compression in (tifffile.COMPRESSION.JPEG, tifffile.COMPRESSION.OJPEG)
    if kind in (tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.PALETTE):
        return 1
    if kind == tifffile.PHOTOMETRIC.RGB or (kind == tifffile.PHOTOMETRIC.YCBCR and jpeg):  # JPEG decodes to RGB
        return 3
    name = getattr(kind, "name", "unknown")
    raise InputError(f"the TIFF colour space {name} is not supported; save the image as grey or RGB")


def _is_grey(page: Any) -> bool:
    return _colour_channels(page) == 1 and page.photometric != tifffile.PHOTOMETRIC.PALETTE


def _colour_samples(page: Any, samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples (height, width[, samples]) without the extra ones: (height, width[, 3])."""
    channels = _colour_channels(page)
    if samples.ndim == 2:
        return samples
    return samples[:, :, 0] if channels == 1 else samples[:, :, :channels]


def _check_complete(page: Any, file_size: int) -> None:
    """Refuse a page whose data ends beyond the file: tifffile fills missing strips and tiles with zeros."""
    ends = (offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False))
    if not page.dataoffsets or len(page.dataoffsets) != len(page.databytecounts) or max(ends) > file_size:
        raise InputError("the TIFF file is cut short: its pixel data is incomplete")


def _page_pixels(page: Any, samples: NDArray[Any], window: Window | None) -> tuple[Bytes, list[str]]:
    """Return RGB (height, width, 3) from samples (height, width[, samples]), and the notes to make."""
    kind = page.photometric
    channels = _colour_channels(page)
    colour = _colour_samples(page, samples)
    if kind == tifffile.PHOTOMETRIC.PALETTE:
        refuse_window_on_colour(window)
        pixels, notes = _palette_bytes(page.colormap)[colour], ["palette expanded to RGB"]
    elif _is_grey(page):
        grey, notes = _grey_pixels(page, colour, window)
        pixels = grey_to_rgb(grey)
    else:
        refuse_window_on_colour(window)
        pixels, notes = _colour_pixels(page, colour)
    alpha_kind = page.extrasamples[0] if page.extrasamples else 0
    if alpha_kind == _UNASSOCIATED_ALPHA:
        pixels = over_black(pixels, samples_to_bytes(samples[:, :, channels], 2**page.bitspersample - 1))
    if alpha_kind in (_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA):  # associated samples are multiplied by alpha already
        notes.append("transparency composited over black")
    return pixels, notes


def _grey_pixels(page: Any, grey: NDArray[Any], window: Window | None) -> tuple[Bytes, list[str]]:
    shown, note = show_grey(grey, page.bitspersample, window)
    notes = [note] if note else []
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        return 255 - shown, [*notes, "inverted: the TIFF stores white as 0"]
    return shown, notes


def _colour_pixels(page: Any, colour: NDArray[Any]) -> tuple[Bytes, list[str]]:
    if not np.issubdtype(colour.dtype, np.unsignedinteger):
        raise InputError("this TIFF page has colours that are not unsigned integers; save it as 8- or 16-bit RGB")
    bits = page.bitspersample
    return samples_to_bytes(colour, 2**bits - 1), [] if bits == 8 else [f"{bits}-bit colour reduced to 8 bits"]


def _palette_bytes(colormap: NDArray[np.uint16]) -> Bytes:
    """Return the palette (3, entries) of 16-bit samples as (entries, 3) bytes; some writers store 8-bit samples."""
    scaled = colormap if colormap.max() <= 255 else colormap >> 8
    return np.ascontiguousarray(scaled.T.astype(np.uint8))
