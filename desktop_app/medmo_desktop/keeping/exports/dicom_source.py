"""The DICOM image that a structured report refers to: a few attributes of its header, and its stored pixel grid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pydicom.valuerep import DA, TM

from medmo_desktop.findings.marks import PixelBox
from medmo_desktop.keeping.record import CaseImage
from medmo_models.errors import InputError
from medmo_models.imaging.dicom_display import frame_settings
from medmo_models.imaging.library_calls import quiet_library
from medmo_models.imaging.pixel_aspect import pixel_height_to_width

_NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_TAKEN_OVER = ("PatientName", "PatientID", "AccessionNumber", "StudyID", "ReferringPhysicianName")


@dataclass(frozen=True)
class DicomSource:
    """A DICOM image by what a report needs of it.

    Attributes
    ----------
    header : Dataset
        Patient, study and the image's UIDs; nothing else of the file.
    rows, columns : int
        Of the stored pixels.
    frame_number : int or None
        From 1, as DICOM counts; None for an image that is not multi-frame.
    scale_x, scale_y : float
        Stored pixels per shown pixel: not 1 where pixels that are not square were made square.
    """

    header: Dataset
    rows: int
    columns: int
    frame_number: int | None
    scale_x: float
    scale_y: float

    def stored_box(self, box: PixelBox) -> PixelBox:
        """Return a box of the image as shown in stored pixels, cut at the image's edge.

        0, 0 is the outer corner of the first pixel, as in DICOM (PS3.3 C.18.6.1.1) and in our boxes.

        Raises
        ------
        InputError
            If nothing of it lies in the image.
        """
        x1, y1, x2, y2 = box
        left, right = max(0.0, x1 * self.scale_x), min(float(self.columns), x2 * self.scale_x)
        top, bottom = max(0.0, y1 * self.scale_y), min(float(self.rows), y2 * self.scale_y)
        if left >= right or top >= bottom:
            raise InputError("A box lies outside the image, which a DICOM report cannot say; move or delete it.")
        return left, top, right, bottom


def read_header(path: Path) -> Dataset:
    """Read a DICOM file's header without its pixels.

    Raises
    ------
    InputError
        If it is not a DICOM file, or cannot be read.
    """
    try:
        with quiet_library("pydicom"):
            return pydicom.dcmread(path, stop_before_pixels=True, force=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or 'unknown reason'}.") from error
    except (InvalidDicomError, ValueError, EOFError, AttributeError) as error:
        raise InputError(f"{path} is not a readable DICOM file.") from error


def read_source(path: Path, image: CaseImage) -> DicomSource:
    """Read what a report about an image needs from its DICOM file.

    Raises
    ------
    InputError
        If the file is not the image's, is not DICOM, or has no identity to refer to.
    """
    if image.source_format != "DICOM":
        raise InputError("A DICOM report refers to a DICOM image, and this one is not; choose another format.")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if digest != image.sha256:
        raise InputError(f"{path} is not the file that the question was about, or it was changed since.")
    full = read_header(path)
    missing = [keyword for keyword in _NEEDED if not UID(str(full.get(keyword) or "")).is_valid]
    if missing:
        raise InputError(f"{path} has no valid {' and no '.join(missing)}, so a report cannot refer to it.")
    rows, columns = int(full.Rows), int(full.Columns)
    _check_shown_size(full, image, rows, columns)
    several = int(full.get("NumberOfFrames") or 1) > 1 or "Multi-frame" in full.SOPClassUID.name
    return DicomSource(
        header=_taken_over(full),
        rows=rows,
        columns=columns,
        frame_number=image.frame + 1 if several else None,
        scale_x=columns / image.width,
        scale_y=rows / image.height,
    )


def _check_shown_size(full: Any, image: CaseImage, rows: int, columns: int) -> None:
    ratio = pixel_height_to_width(frame_settings(full, image.frame))
    shown = (round(rows * ratio), columns) if ratio > 1 else (rows, round(columns / ratio))
    if shown != (image.height, image.width):
        raise InputError("The image was shown at another size than its DICOM file gives; open the file again.")


def _taken_over(full: Any) -> Dataset:
    """Return patient, study and identity as plain text: whatever its character set was, the report's is UTF-8."""
    header = Dataset()
    for keyword in (*_NEEDED, *_TAKEN_OVER):
        setattr(header, keyword, str(full.get(keyword) or ""))
    for keyword, kind in (("PatientBirthDate", DA), ("StudyDate", DA), ("StudyTime", TM)):
        setattr(header, keyword, _valid(kind, str(full.get(keyword) or "")))
    sex = str(full.get("PatientSex") or "")
    header.PatientSex = sex if sex in ("M", "F", "O") else ""
    return header


def _valid(kind: Any, text: str) -> str:
    """Return a date or time, empty where the file's is none: a report must not repeat what is not valid."""
    try:
        kind(text)
    except ValueError:
        return ""
    return text
