"""DICOM files: reading the data set, choosing the frame, and the path from its pixels to RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pydicom
from pydicom import uid

from medmo_models.errors import InputError
from medmo_models.imaging.colour import grey_to_rgb, samples_to_bytes
from medmo_models.imaging.dicom_display import frame_settings, grey_values, show_grey_frame
from medmo_models.imaging.dicom_pixels import decode_frame
from medmo_models.imaging.grey import Window
from medmo_models.imaging.library_calls import failure_means, quiet_library
from medmo_models.imaging.loaded import NOT_AN_IMAGE, Rendering, check_size, choose_frame, refuse_window_on_colour
from medmo_models.imaging.lookup_table import palette_to_rgb
from medmo_models.imaging.pixel_aspect import make_pixels_square

_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_UNSTATED_TRANSFER_SYNTAX = {
    (True, True): uid.ImplicitVRLittleEndian,
    (False, True): uid.ExplicitVRLittleEndian,
    (False, False): uid.ExplicitVRBigEndian,
}


@dataclass(frozen=True, eq=False)
class ParsedDicom:
    """A DICOM file in memory, its pixels not decoded, with the notes to make of how it was read."""

    dataset: Any
    notes: tuple[str, ...]


def parse_dicom(handle: BinaryIO) -> ParsedDicom:
    """Read a DICOM file with pixels into memory; raises `InputError`."""
    with quiet_library("pydicom"):
        dataset, notes = _read_dataset(handle)
    return ParsedDicom(dataset, tuple(notes))


def render_dicom(parsed: ParsedDicom, frame: int | None, window: Window | None) -> Rendering:
    """Decode and show one frame of a DICOM file; raises `InputError`."""
    dataset, notes = parsed.dataset, list(parsed.notes)
    with quiet_library("pydicom"):
        with failure_means("the DICOM image description is damaged or incomplete"):
            check_size(dataset.Columns, dataset.Rows)
            count = int(dataset.get("NumberOfFrames") or 1)
            index, frame_notes = choose_frame(frame, count)
            settings = frame_settings(dataset, index)
        decoded = decode_frame(dataset, index)
        notes += frame_notes + list(decoded.notes)
        little_endian = dataset.file_meta.TransferSyntaxUID.is_little_endian
        grey_source = None
        with failure_means("the DICOM display settings (window, lookup table or palette) are damaged"):
            if decoded.colour_space.startswith("MONOCHROME"):
                grey, display_notes = show_grey_frame(decoded.pixels, settings, window, little_endian=little_endian)
                notes += display_notes
                pixels = grey_to_rgb(grey)
                grey_source = grey_values(decoded.pixels, settings, little_endian=little_endian)
            elif decoded.colour_space == "PALETTE COLOR":
                refuse_window_on_colour(window)
                pixels = palette_to_rgb(decoded.pixels, dataset, little_endian=little_endian)
                notes.append("palette expanded to RGB")
            else:
                refuse_window_on_colour(window)
                pixels = samples_to_bytes(decoded.pixels, 2**decoded.bits - 1)
                notes += [f"{decoded.bits}-bit colour reduced to 8 bits"] if decoded.bits > 8 else []
            pixels, aspect_notes = make_pixels_square(pixels, settings)
    return Rendering(np.ascontiguousarray(pixels), index, count, (*notes, *aspect_notes), grey_source, dataset)


def _read_dataset(handle: BinaryIO) -> tuple[Any, list[str]]:
    """Return the data set, with a transfer syntax, and the notes to make; raises `InputError` if it holds no image."""
    with failure_means("the DICOM file is damaged or cut short"):
        dataset = pydicom.dcmread(handle, force=True)
        pixel_keyword = next((keyword for keyword in _PIXEL_KEYWORDS if keyword in dataset), None)
        if pixel_keyword is None:
            raise InputError(_why_no_image(dataset))
        stated = dataset.file_meta.get("TransferSyntaxUID")
        if stated:
            dataset.file_meta.TransferSyntaxUID = uid.UID(str(stated))  # a damaged element gives another type
            return dataset, []
        if dataset[pixel_keyword].is_undefined_length:
            raise InputError("the DICOM file is compressed and does not say how (no transfer syntax); export it again")
        transfer_syntax = _UNSTATED_TRANSFER_SYNTAX[dataset.original_encoding]
        dataset.file_meta.TransferSyntaxUID = transfer_syntax
        return dataset, [f"no transfer syntax in the file: read as {transfer_syntax.name}"]


def _why_no_image(dataset: Any) -> str:
    kind = uid.UID(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    name = kind.name.removesuffix(" Storage") if kind.type == "SOP Class" else ""  # any other text may be anything
    if kind == uid.MediaStorageDirectoryStorage:
        return "this is a DICOMDIR, the index of a disc; give one of the image files beside it"
    if "Rows" in dataset or "Image" in name:
        return "the DICOM file has no pixel data: it is cut short or holds only a header"
    if not kind and not dataset.preamble:
        return NOT_AN_IMAGE
    return f"this DICOM object ({name}) holds no image" if name else "this DICOM object holds no image"
