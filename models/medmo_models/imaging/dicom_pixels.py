"""The stored pixels of one DICOM frame, decoded by pydicom and its plugins."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder

from medmo_models.errors import InputError
from medmo_models.imaging import imagecodecs_plugin
from medmo_models.imaging.library_calls import failure_means, quiet_library

_COLOUR_SPACES = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB")
_JPEG_FAMILY = (*uid.JPEGTransferSyntaxes, *uid.JPEGLSTransferSyntaxes)
_DECODED_BY_PILLOW = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit)
_END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd9", b"\xff\xda"

imagecodecs_plugin.register()


@dataclass(frozen=True, eq=False)
class DecodedFrame:
    """One frame as stored.

    Attributes
    ----------
    pixels : ndarray of integers or floats, shape (rows, columns) or (rows, columns, 3)
    colour_space : str
        MONOCHROME1, MONOCHROME2, PALETTE COLOR or RGB.
    bits : int
        Bits stored per sample.
    notes : tuple of str
    """

    pixels: NDArray[Any]
    colour_space: str
    bits: int
    notes: tuple[str, ...]


def decode_frame(dataset: Any, frame: int) -> DecodedFrame:
    """Decode one frame of a data set; YBR colours come out as RGB.

    Raises
    ------
    InputError
        The transfer syntax has no decoder here, the colour space is not supported, or the data is damaged or cut short.
    """
    transfer_syntax = dataset.file_meta.TransferSyntaxUID
    decoder = _decoder_of(transfer_syntax)
    damaged = f"the DICOM pixel data ({transfer_syntax.name}) cannot be decoded: it is damaged or cut short"
    with quiet_library("pydicom") as warnings, failure_means(damaged):
        raw = False
        if transfer_syntax in _JPEG_FAMILY:
            source = get_frame(dataset.PixelData, frame, number_of_frames=int(dataset.get("NumberOfFrames") or 1))
            _check_jpeg_complete(source)
            raw = transfer_syntax in _DECODED_BY_PILLOW and dataset.SamplesPerPixel == 3 and _pillow_gives_rgb(source)
        shift = _misplaced_bits(dataset)
        options: dict[str, Any] = {"correct_unused_bits": False} if shift else {}
        if transfer_syntax == uid.RLELossless:
            options["decoding_plugin"] = imagecodecs_plugin.PLUGIN_NAME
        pixels, properties = decoder.as_array(dataset, index=frame, raw=raw, **options)
        notes = []
        if shift:
            left, right = shift
            pixels = np.right_shift(np.left_shift(pixels, left), right)
            notes.append(f"pixel bits taken from below high bit {dataset.HighBit}")
        if any("codestream" in str(warning.message) for warning in warnings):
            notes.append("colours read as the compressed data describes them; the DICOM header says otherwise")
    colour_space = "RGB" if raw else str(properties["photometric_interpretation"])
    if colour_space not in _COLOUR_SPACES:
        raise InputError(f"the DICOM colour space {colour_space[:16]} is not supported; export the image as RGB")
    return DecodedFrame(pixels, colour_space, int(properties.get("bits_stored", 32)), tuple(notes))


def _decoder_of(transfer_syntax: Any) -> Any:
    """Return pydicom's decoder; raises `InputError` that names the transfer syntax and what to install."""
    name = transfer_syntax.name
    try:
        decoder = get_decoder(transfer_syntax)
    except NotImplementedError:
        raise InputError(
            f"the DICOM pixel data is compressed as {name}, which is not supported; export it uncompressed"
        ) from None
    if not decoder.is_available:
        needed = " or ".join(part.split(" - requires ")[-1] for part in decoder.missing_dependencies)
        raise InputError(f"the DICOM pixel data is compressed as {name}, which needs a decoder: install {needed}")
    return decoder


def _check_jpeg_complete(source: bytes) -> None:
    """Refuse a JPEG or JPEG-LS image without its end marker, which entropy-coded data cannot contain.

    On missing data libjpeg paints grey without a word, and CharLS may run for minutes.
    """
    if source.rfind(_END_OF_IMAGE) < source.rfind(_START_OF_SCAN):
        raise ValueError("the JPEG image is cut short")


def _pillow_gives_rgb(source: bytes) -> bool:
    """Whether Pillow turns this colour JPEG into RGB by itself, so that pydicom must not convert it a second time.

    Pillow leaves YCbCr alone for pydicom unless an Adobe marker says that the JPEG itself was transformed.
    """
    return Image.open(io.BytesIO(source), formats=("JPEG",)).info.get("adobe_transform") == 1


def _misplaced_bits(dataset: Any) -> tuple[int, int] | None:
    """Return the shifts, left then right, that bring samples which do not end at bit 0 in place.

    Older files may put them anywhere (High Bit, PS3.5-2001 section 8.1.1), which pydicom does not look at.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    native = not syntax.is_encapsulated or syntax == uid.RLELossless
    if not native or "PixelData" not in dataset or "HighBit" not in dataset:
        return None
    allocated, stored, high = dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit
    if high == stored - 1 or not stored - 1 <= high < allocated:
        return None
    return allocated - 1 - high, allocated - stored
