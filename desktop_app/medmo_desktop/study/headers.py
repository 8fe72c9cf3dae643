"""What a file holds, from its header alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
import tifffile
from PIL import Image
from pydicom import uid

from medmo_desktop.study.corner_text import slice_normal
from medmo_desktop.study.frame_order import FRAME_ORDER_TAGS, frame_stacks
from medmo_desktop.study.geometry import for_frame, numbers
from medmo_desktop.study.nifti import is_nifti, read_nifti_shape
from medmo_models.errors import InputError
from medmo_models.imaging.detect import detect_format, open_image_file
from medmo_models.imaging.library_calls import failure_means, quiet_library

_TAGS = (
    "SOPClassUID",
    "Modality",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "StudyInstanceUID",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "NumberOfFrames",
    "Rows",
    "Columns",
    *FRAME_ORDER_TAGS,
)


class NotAnImageError(InputError):
    """The file is of another kind, or a DICOM object without an image."""


@dataclass(frozen=True)
class DicomPlace:
    """Where a DICOM file belongs.

    Attributes
    ----------
    study, series : str
        StudyInstanceUID and SeriesInstanceUID; empty if not stated.
    description, modality : str
    series_number, instance_number : int or None
    cosines : tuple of six floats or None
        ImageOrientationPatient.
    position : tuple of three floats or None
        ImagePositionPatient, mm.
    """

    study: str
    series: str
    description: str
    modality: str
    series_number: int | None
    instance_number: int | None
    cosines: tuple[float, ...] | None
    position: tuple[float, ...] | None

    @property
    def distance(self) -> float | None:
        """Position along the slice's normal in mm, None if the file does not say."""
        if self.cosines is None or self.position is None:
            return None
        return sum(a * b for a, b in zip(slice_normal(self.cosines), self.position, strict=True))


@dataclass(frozen=True)
class FileHeader:
    """What a file holds.

    Attributes
    ----------
    path : Path
    frame_count : int
    stacks : tuple of tuple of int
        The stored numbers of its frames, from 0, in the order of each stack.
    dicom : DicomPlace or None
        None outside DICOM.
    """

    path: Path
    frame_count: int
    stacks: tuple[tuple[int, ...], ...]
    dicom: DicomPlace | None = None


def _as_stored(path: Path, frame_count: int) -> FileHeader:
    return FileHeader(path, frame_count, (tuple(range(frame_count)),))


def read_header(path: Path) -> FileHeader:
    """Read what a file holds without its pixels.

    Raises
    ------
    NotAnImageError
        It is no image in any of the formats.
    InputError
        It cannot be read or is damaged.
    """
    try:
        header = _nifti_header(path) if is_nifti(path) else _image_header(path)
        if header.frame_count < 1:
            raise InputError("the header states no frames: the file is damaged")
    except InputError as problem:
        raise type(problem)(f"{path}: {problem}") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from None
    return header


def _nifti_header(path: Path) -> FileHeader:
    shape = read_nifti_shape(path)
    count = shape.slices
    stacks = tuple(tuple(range(volume * count, (volume + 1) * count)) for volume in range(shape.volumes))
    return FileHeader(path, count * shape.volumes, stacks)


def _image_header(path: Path) -> FileHeader:
    with open_image_file(path) as handle:
        try:
            source_format = detect_format(handle)
        except InputError as problem:
            raise NotAnImageError(str(problem)) from None
        if source_format == "DICOM":
            return _dicom_header(path, handle)
        if source_format == "TIFF":
            with quiet_library("tifffile"), failure_means("the TIFF file is damaged or cut short"):
                return _as_stored(path, len(tifffile.TiffFile(handle).pages))
        with quiet_library("PIL"), failure_means(f"the {source_format} file is damaged or too large"):
            return _as_stored(path, getattr(Image.open(handle, formats=(source_format,)), "n_frames", 1))


def _dicom_header(path: Path, handle: BinaryIO) -> FileHeader:
    with quiet_library("pydicom"), failure_means("the DICOM header is damaged or incomplete"):
        dataset = pydicom.dcmread(handle, stop_before_pixels=True, force=True, specific_tags=list(_TAGS))
        if "Rows" not in dataset or "Columns" not in dataset:
            kind = uid.UID(str(dataset.get("SOPClassUID") or ""))
            name = f" ({kind.name.removesuffix(' Storage')})" if kind.type == "SOP Class" else ""
            raise NotAnImageError(f"this DICOM object{name} holds no image")
        frame_count = int(dataset.get("NumberOfFrames") or 1)
        return FileHeader(path, frame_count, _stacks(dataset, frame_count), _place(dataset))


def _stacks(dataset: Any, frame_count: int) -> tuple[tuple[int, ...], ...]:
    """Return the order of the frames; as stored where what the file says of it is damaged: its pixels may be whole."""
    try:
        with failure_means("damaged"):
            return frame_stacks(dataset, frame_count)
    except InputError:
        return (tuple(range(frame_count)),)


def _place(dataset: Any) -> DicomPlace:
    return DicomPlace(
        study=str(dataset.get("StudyInstanceUID") or ""),
        series=str(dataset.get("SeriesInstanceUID") or ""),
        description=" ".join(str(dataset.get("SeriesDescription") or "").split()),
        modality=str(dataset.get("Modality") or ""),
        series_number=_whole_number(dataset.get("SeriesNumber")),
        instance_number=_whole_number(dataset.get("InstanceNumber")),
        cosines=numbers(for_frame(dataset, "ImageOrientationPatient", 0), 6),
        position=numbers(for_frame(dataset, "ImagePositionPatient", 0), 3),
    )


def _whole_number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
