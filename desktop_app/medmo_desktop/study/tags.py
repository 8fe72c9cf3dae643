"""Everything that a file's header says, as rows for the tag browser. It holds patient data: for the screen only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import nibabel
import pydicom
import tifffile
from PIL import ExifTags, Image

from medmo_desktop.study.nifti import is_nifti
from medmo_models.errors import InputError
from medmo_models.imaging.detect import detect_format, open_image_file
from medmo_models.imaging.library_calls import failure_means, quiet_library

_LONGEST_VALUE = 1024
_BINARY = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")


@dataclass(frozen=True)
class Tag:
    """One row.

    Attributes
    ----------
    depth : int
        How many sequence items it is inside of.
    tag : str
        ``(gggg,eeee)``, a TIFF or EXIF number, or empty.
    keyword : str
        Of a private DICOM element its name in brackets, if it is known.
    vr : str
        DICOM's value representation, a TIFF or NIfTI data type, or empty.
    value : str
        In one line, cut where it is very long; of binary data its length; of a sequence the number of its items.
    """

    depth: int
    tag: str
    keyword: str
    vr: str
    value: str


def read_tags(path: Path) -> tuple[Tag, ...]:
    """Return the rows of a file in its order: DICOM elements, TIFF tags, EXIF tags, or NIfTI header fields.

    Raises
    ------
    InputError
        The file cannot be read, is no image in any of the formats, or is damaged.
    """
    try:
        with open_image_file(path) as handle:
            if is_nifti(path):
                with quiet_library("nibabel.global"), failure_means("the NIfTI file is damaged or cut short"):
                    return tuple(_nifti_tags(nibabel.load(path).header))
            source_format = detect_format(handle)
            with failure_means(f"the {source_format} header is damaged or cut short"):
                if source_format == "DICOM":
                    return _read_dicom_tags(handle)
                if source_format == "TIFF":
                    with quiet_library("tifffile"):
                        return tuple(_tiff_tags(handle))
                with quiet_library("PIL"):
                    return tuple(_raster_tags(handle))
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from None


def search(tags: Iterable[Tag], text: str) -> tuple[Tag, ...]:
    """Return the tags that contain every word of ``text`` in number, keyword or value, whatever the case.

    The sequences that a found tag is inside of are returned as well, so that it keeps its place.
    """
    words = text.casefold().split()
    found: list[Tag] = []
    above: list[tuple[Tag, bool]] = []  # the open sequences, and whether they are in the result
    for tag in tags:
        del above[tag.depth :]
        matches = all(word in f"{tag.tag} {tag.keyword} {tag.value}".casefold() for word in words)
        if matches:
            found += [parent for parent, is_shown in above if not is_shown]
            above = [(parent, True) for parent, _ in above]
            found.append(tag)
        above.append((tag, matches))
    return tuple(found)


def _read_dicom_tags(handle: BinaryIO) -> tuple[Tag, ...]:
    with quiet_library("pydicom"):
        dataset = pydicom.dcmread(handle, force=True)
        return (*_dicom_tags(dataset.file_meta, 0), *_dicom_tags(dataset, 0))


def _dicom_tags(dataset: Any, depth: int) -> Iterator[Tag]:
    for number in dataset.keys():  # noqa: SIM118 (a data set's own iterator stops at the first bad value)
        tag = f"({number.group:04X},{number.element:04X})"
        try:
            with failure_means("unreadable"):
                element = dataset[number]
                row = Tag(depth, tag, element.keyword or element.name, str(element.VR), _dicom_value(element))
        except InputError:
            yield Tag(depth, tag, pydicom.datadict.keyword_for_tag(number), "", "(damaged: cannot be read)")
            continue
        yield row
        if row.vr == "SQ":
            for item in element.value:
                yield from _dicom_tags(item, depth + 1)


def _dicom_value(element: Any) -> str:
    value = element.value
    if element.VR == "SQ":
        return _counted(len(value), "item")
    if value is None:
        return ""
    if isinstance(value, bytes) or element.VR in _BINARY:
        return _counted(len(value), "byte" if isinstance(value, bytes) else "value")
    if element.VM > 1:
        return _one_line(" \\ ".join(str(part) for part in value))
    return _one_line(str(value))


def _tiff_tags(handle: BinaryIO) -> Iterator[Tag]:
    with tifffile.TiffFile(handle) as file:
        for number, page in enumerate(file.pages):
            if len(file.pages) > 1:
                yield Tag(0, "", f"Page {number}", "", _counted(len(page.tags), "tag"))
            for tag in page.tags:
                yield Tag(int(len(file.pages) > 1), str(tag.code), tag.name, tag.dtype_name, _plain_value(tag.value))


def _raster_tags(handle: BinaryIO) -> Iterator[Tag]:
    with Image.open(handle, formats=("PNG", "JPEG")) as image:
        yield Tag(0, "", "ImageWidth", "", str(image.width))
        yield Tag(0, "", "ImageHeight", "", str(image.height))
        yield Tag(0, "", "Mode", "", image.mode)
        for name, value in image.info.items():
            if name != "exif":
                yield Tag(0, "", str(name), "", _plain_value(value))
        exif = image.getexif()
        for number, value in exif.items():
            name = ExifTags.TAGS.get(number, "")
            if number not in tuple(ExifTags.IFD):
                yield Tag(0, str(number), name, "", _plain_value(value))
                continue
            inner = exif.get_ifd(number)
            yield Tag(0, str(number), name, "", _counted(len(inner), "tag"))
            names = ExifTags.GPSTAGS if number == ExifTags.IFD.GPSInfo else ExifTags.TAGS
            for code, part in inner.items():
                yield Tag(1, str(code), names.get(code, ""), "", _plain_value(part))


def _nifti_tags(header: Any) -> Iterator[Tag]:
    for name in header.keys():  # noqa: SIM118 (a NIfTI header has no iterator)
        field = header[name]
        yield Tag(0, "", name, str(field.dtype), _plain_value(field.tolist()))


def _plain_value(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        return text.decode() if text.isascii() and text.decode().isprintable() else _counted(len(value), "byte")
    if isinstance(value, (list, tuple)) and not any(isinstance(part, (list, tuple)) for part in value):
        return _one_line(", ".join(str(part) for part in value[:_LONGEST_VALUE]))
    return _one_line(str(value))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_VALUE else line[:_LONGEST_VALUE] + "..."
