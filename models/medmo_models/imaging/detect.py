"""Which format a file is in, by its content: names and extensions of medical images mean nothing."""

from __future__ import annotations

import stat
import struct
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from medmo_models.errors import InputError
from medmo_models.imaging.loaded import NOT_AN_IMAGE, SourceFormat

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two: BigTIFF
_DICOM_PREAMBLE_BYTES = 128


def open_image_file(path: Path) -> BufferedReader:
    """Open a regular file for reading.

    Raises
    ------
    InputError
        It is missing, a folder, a device, or may not be read.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("this is a folder; give one image file in it")
        if not stat.S_ISREG(mode):
            raise InputError("this is not a regular file; give an image file")
        return path.open("rb")
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except PermissionError:
        raise InputError("you have no permission to read this file") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(f"the file cannot be opened ({getattr(error, 'strerror', None) or error})") from None


def detect_format(handle: BinaryIO) -> SourceFormat:
    """Return the format that the file's first bytes show; the handle is left at the start.

    A DICOM file may carry a TIFF header in its preamble (dual-personality slides): DICOM is looked for first.

    Raises
    ------
    InputError
        The file is empty or in none of the formats.
    """
    head = handle.read(_DICOM_PREAMBLE_BYTES + 4)
    handle.seek(0)
    if not head:
        raise InputError("the file is empty")
    if head[_DICOM_PREAMBLE_BYTES:] == b"DICM":
        return "DICOM"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(_TIFF_SIGNATURES):
        return "TIFF"
    if _starts_with_dicom_element(head):
        return "DICOM"
    raise InputError(NOT_AN_IMAGE)


def _starts_with_dicom_element(head: bytes) -> bool:
    """Whether the bytes begin with a data element of group 0002 or 0008, as a data set without preamble does.

    PS3.5 section 7.1: group and element, 2 bytes each, then the VR's two letters or, in implicit VR, a 4-byte length.
    """
    if len(head) < 8:
        return False
    for order in "<>":
        group, _, length = struct.unpack(f"{order}HHI", head[:8])
        if group in (0x0002, 0x0008):
            return (head[4:6].isalpha() and head[4:6].isupper()) or length < 0x10000
    return False
