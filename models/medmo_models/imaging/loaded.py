"""What loading an image returns, and the checks that every file format shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import InputError
from medmo_models.imaging.grey import Window, map_values

SourceFormat = Literal["DICOM", "PNG", "JPEG", "TIFF"]
#: Where pixels may come from beside the formats that `load_image` reads.
ImageFormat = Literal["DICOM", "PNG", "JPEG", "TIFF", "NIfTI", "array"]

# Twice ``PIL.Image.MAX_IMAGE_PIXELS``, where Pillow refuses a file as a decompression bomb: one limit for every format.
LARGEST_IMAGE_PIXELS = 178_956_970

NOT_AN_IMAGE = "the content is not a DICOM, PNG, JPEG or TIFF image; convert it to one of these"


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """One image, or one frame of a file that holds several, ready for the model.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB, after window, inversion, EXIF orientation and pixel aspect correction.
    width, height : int
        Size of ``pixels``. After a correction of orientation or aspect it differs from the stored size.
    sha256 : str
        SHA-256 of the file's bytes, 64 hexadecimal digits.
    frame, frame_count : int
        The frame shown, from 0, and how many frames (DICOM) or pages (TIFF) the file has.
    source_format : {"DICOM", "PNG", "JPEG", "TIFF", "NIfTI", "array"}
        Recognised by content, not by the file's name.
    notes : tuple of str
        What was done to the stored values, in order. Holds no patient data.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    sha256: str
    frame: int
    frame_count: int
    source_format: ImageFormat
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GreyValues:
    """The grey values that an image was made from, before any window.

    Attributes
    ----------
    stored : ndarray of integers or floats, shape (rows, columns)
        As stored, turned upright; before pixels that are not square were made square.
    rescale : callable or None
        The modality transformation, element by element; None where it changes nothing.
    windows : tuple of Window
        The file's own that are usable, in its order and in rescaled units.
    inverted : bool
        Whether low values are white by the file's own statement.
    """

    stored: NDArray[Any]
    rescale: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    windows: tuple[Window, ...] = ()
    inverted: bool = False

    def rescaled(self) -> NDArray[Any]:
        """Return the values after the modality transformation, shape (rows, columns)."""
        return self.stored if self.rescale is None else map_values(self.stored, self.rescale)


@dataclass(frozen=True, eq=False)
class Rendering:
    """What a format's reader returns: RGB pixels (height, width, 3), how they came about and what from.

    ``grey`` is None for an image in colour; ``dataset`` is a DICOM file's `pydicom.Dataset`, with patient data.
    """

    pixels: NDArray[np.uint8]
    frame: int
    frame_count: int
    notes: tuple[str, ...]
    grey: GreyValues | None = None
    dataset: Any = None


@dataclass(frozen=True, eq=False)
class ImageSource:
    """An image as the model is given it, beside what it was made from: see `Rendering` for ``grey`` and ``dataset``."""

    image: LoadedImage
    grey: GreyValues | None
    dataset: Any


def check_size(width: int, height: int) -> None:
    """Raise `InputError` for an image without pixels or above `LARGEST_IMAGE_PIXELS`."""
    if width < 1 or height < 1:
        raise InputError(f"the image has no pixels ({width} x {height})")
    if width * height > LARGEST_IMAGE_PIXELS:
        limit = LARGEST_IMAGE_PIXELS // 1_000_000
        raise InputError(
            f"{width} x {height} pixels is more than the limit of {limit} million; crop or shrink the image first"
        )


def choose_frame(requested: int | None, count: int) -> tuple[int, list[str]]:
    """Return the index of the frame to show, the first unless one was asked for, and the notes to make.

    Raises
    ------
    InputError
        The file has no frame of that number.
    """
    frame = 0 if requested is None else requested
    if not 0 <= frame < count:
        frames = "one frame, number 0" if count == 1 else f"{count} frames, numbered 0 to {count - 1}"
        raise InputError(f"there is no frame {frame}: the file has {frames}")
    return frame, [f"frame {frame} of {count} (numbered 0 to {count - 1})"] if count > 1 else []


def refuse_window_on_colour(window: Window | None) -> None:
    """Raise `InputError` where a window was asked for on an image that is not grey."""
    if window is not None:
        raise InputError("a window applies to grey images only and this image is in colour; leave the window out")
