"""PNG and JPEG files."""

from __future__ import annotations

from typing import BinaryIO, Literal

import numpy as np
from PIL import Image, ImageFile

from medmo_models.errors import InputError
from medmo_models.imaging.colour import grey_to_rgb, orient, over_black, samples_to_bytes
from medmo_models.imaging.grey import Bytes, Values, Window, show_grey
from medmo_models.imaging.library_calls import failure_means, quiet_library
from medmo_models.imaging.loaded import (
    LARGEST_IMAGE_PIXELS,
    GreyValues,
    Rendering,
    check_size,
    choose_frame,
    refuse_window_on_colour,
)

_ORIENTATION_TAG = 0x0112
_GREY_MODES = ("1", "L", "LA", "I;16")
_GREY_ALPHA_16 = "LA;16B"
_DAMAGED = {
    "PNG": "the PNG data cannot be decoded: it is damaged or cut short",
    "JPEG": "the JPEG data cannot be decoded: it is damaged, cut short, or not 8-bit baseline or progressive JPEG",
}


def read_raster(
    handle: BinaryIO, source_format: Literal["PNG", "JPEG"], frame: int | None, window: Window | None
) -> Rendering:
    """Read a PNG or JPEG file; raises `InputError`."""
    with quiet_library("PIL"), failure_means(_DAMAGED[source_format]):
        try:
            image = Image.open(handle, formats=(source_format,))
        except Image.DecompressionBombError:
            limit = LARGEST_IMAGE_PIXELS // 1_000_000
            raise InputError(
                f"the image has more than the limit of {limit} million pixels; crop or shrink it first"
            ) from None
        check_size(*image.size)
        frame_count = getattr(image, "n_frames", 1)
        frame, notes = choose_frame(frame, frame_count)
        image.seek(frame)
        grey = None
        if image.mode in _GREY_MODES or _raw_mode(image) == _GREY_ALPHA_16:
            samples, alpha, bits = _grey_samples(image, handle)
            pixels, grey_notes = _grey_pixels(samples, alpha, bits, window)
            grey = GreyValues(samples)
            notes += grey_notes
        else:
            refuse_window_on_colour(window)
            pixels, colour_notes = _colour_pixels(image)
            notes += colour_notes
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    if orientation in range(2, 9):
        pixels = orient(pixels, orientation)
        grey = grey and GreyValues(orient(grey.stored, orientation))
        notes.append(f"turned upright: EXIF orientation {orientation}")
    return Rendering(pixels, frame, frame_count, tuple(notes), grey)


def _grey_pixels(samples: Values, alpha: Bytes | None, bits: int, window: Window | None) -> tuple[Bytes, list[str]]:
    shown, note = show_grey(samples, bits, window)
    notes = [note] if note else []
    if alpha is not None:
        shown = over_black(shown, alpha)
        notes.append("transparency composited over black")
    return grey_to_rgb(shown), notes


def _grey_samples(image: ImageFile.ImageFile, handle: BinaryIO) -> tuple[Values, Bytes | None, int]:
    """Return grey samples (height, width), alpha if any, and the bits per sample."""
    if image.mode == "I;16":
        samples = np.asarray(image)
        see_through = image.info.get("transparency")
        return samples, None if see_through is None else np.where(samples == see_through, 0, 255).astype(np.uint8), 16
    if _raw_mode(image) == _GREY_ALPHA_16:  # Pillow would keep only the high byte of each sample
        import imagecodecs

        handle.seek(0)
        both = imagecodecs.png_decode(handle.read())
        return both[:, :, 0], samples_to_bytes(both[:, :, 1], 0xFFFF), 16
    if image.has_transparency_data:
        both = np.asarray(image.convert("LA"))
        return both[:, :, 0], both[:, :, 1], 8
    return np.asarray(image.convert("L")), None, 8


def _colour_pixels(image: ImageFile.ImageFile) -> tuple[Bytes, list[str]]:
    notes = []
    if ";16" in _raw_mode(image):
        notes.append("16-bit colour reduced to 8 bits")
    if image.mode == "CMYK":
        notes.append("CMYK converted to RGB")
    if image.has_transparency_data:
        both = np.asarray(image.convert("RGBA"))
        return over_black(both[:, :, :3], both[:, :, 3]), [*notes, "transparency composited over black"]
    return np.array(image.convert("RGB")), notes


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """Return Pillow's name for the stored sample layout, before loading."""
    return str(image.tile[0].args) if image.tile else ""
