"""Millimetres per pixel and the directions of the patient at the edges of an image, from a DICOM data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from medmo_desktop.study.model import PixelSpacing

EdgeLetters = tuple[str, str, str, str]

# Axes of PS3.3 C.7.6.1.1.1: x grows to the patient's left, y to the back, z to the head.
_AXES = (("R", "L"), ("A", "P"), ("F", "H"))
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
# A direction that leans by more than about 17 degrees is named after two axes.
_SECOND_LETTER_FROM = 0.3
# Pixel Spacing of these may be at the detector (PS3.3 section 10.7.1.3).
_PROJECTIONS = ("CR", "DX", "MG", "IO", "PX", "RG", "XA", "RF", "RTIMAGE")
_ULTRASOUND_CENTIMETRES = 3  # PS3.3 C.8.5.5.1.15, Physical Units
_ROW_AND_COLUMN = 2
# Functional groups that hold the elements asked for here (PS3.3 C.7.6.16.2).
_GROUPS = (
    "PlaneOrientationSequence",
    "PlanePositionSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
)
# Rescale Type and Units (PS3.3 C.11.1.1.2, C.8.9.1.1.3) as people write them; US is "unspecified".
_UNITS = {"US": "", "BQML": "Bq/ml", "GML": "SUV", "CNTS": "counts", "NONE": ""}


def for_frame(dataset: Any, keyword: str, frame: int) -> Any:
    """Return an element's value for one frame: from its functional groups, the shared ones, or the data set."""
    per_frame = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    for group in (*per_frame, *(dataset.get("SharedFunctionalGroupsSequence") or [])[:1]):
        for macro in _GROUPS:
            for item in (group.get(macro) or [])[:1]:
                if item.get(keyword) is not None:
                    return item.get(keyword)
    return dataset.get(keyword)


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Return ``count`` finite numbers of a DICOM value, None if it does not hold exactly these."""
    if value is None or isinstance(value, (str, bytes, float, int)):
        return None
    try:
        found = tuple(float(number) for number in value)
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def read_unit(dataset: Any, frame: int) -> str:
    """Return the unit of the values after the modality transformation, empty if the file does not say."""
    stated = str(for_frame(dataset, "RescaleType", frame) or "")
    if not stated and dataset.get("ModalityLUTSequence"):
        stated = str(dataset.ModalityLUTSequence[0].get("ModalityLUTType") or "")
    if not stated:
        stated = str(dataset.get("Units") or "")
    is_ct = str(dataset.get("Modality") or "") == "CT"
    if not stated and is_ct and for_frame(dataset, "RescaleIntercept", frame) is not None:
        return "HU"  # the default of a CT image (PS3.3 C.8.2.1.1.2)
    return _UNITS.get(stated, stated)[:16]


def read_spacing(dataset: Any, frame: int, enlarged: tuple[float, float]) -> PixelSpacing | None:
    """Return the spacing of a frame as shown, None if the file states none.

    Parameters
    ----------
    dataset : pydicom.dataset.Dataset
    frame : int
    enlarged : (rows, columns)
        How many times the shown image has the stored rows and columns.
    """
    found = _stored_spacing(dataset, frame)
    if found is None:
        return None
    row, column, calibrated, source = found
    return PixelSpacing(row / enlarged[0], column / enlarged[1], calibrated, source)


def _stored_spacing(dataset: Any, frame: int) -> tuple[float, float, bool, str] | None:
    spacing = _positive_pair(for_frame(dataset, "PixelSpacing", frame))
    detector = _positive_pair(dataset.get("ImagerPixelSpacing"))
    if spacing is not None:
        projection = str(dataset.get("Modality") or "") in _PROJECTIONS
        stated = bool(dataset.get("PixelSpacingCalibrationType"))
        corrected = detector is not None and spacing != detector
        if projection and not stated and not corrected:
            at_detector = detector is not None
            return (
                *spacing,
                False,
                "Imager Pixel Spacing" if at_detector else "Pixel Spacing, not stated to be calibrated",
            )
        return (*spacing, True, "Pixel Spacing")
    if detector is not None:
        return (*detector, False, "Imager Pixel Spacing")
    nominal = _positive_pair(dataset.get("NominalScannedPixelSpacing"))
    if nominal is not None:
        return (*nominal, False, "Nominal Scanned Pixel Spacing")
    return _ultrasound_spacing(dataset)


def _ultrasound_spacing(dataset: Any) -> tuple[float, float, bool, str] | None:
    """Return the spacing that all ultrasound regions in centimetres share (PS3.3 C.8.5.5)."""
    spacings = set()
    for region in dataset.get("SequenceOfUltrasoundRegions") or ():
        units = (region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection"))
        if units != (_ULTRASOUND_CENTIMETRES,) * _ROW_AND_COLUMN:
            return None
        pair = _positive_pair([abs(region.get("PhysicalDeltaY") or 0), abs(region.get("PhysicalDeltaX") or 0)])
        spacings.add(pair)
    if len(spacings) != 1 or (pair := spacings.pop()) is None:
        return None
    return (pair[0] * 10, pair[1] * 10, True, "Sequence of Ultrasound Regions")


def _positive_pair(value: Any) -> tuple[float, float] | None:
    pair = numbers(value, _ROW_AND_COLUMN)
    return (pair[0], pair[1]) if pair is not None and min(pair) > 0 else None


def read_edge_letters(dataset: Any, frame: int) -> EdgeLetters | None:
    """Return the letters at the left, right, top and bottom edge, None if the file does not say."""
    cosines = numbers(for_frame(dataset, "ImageOrientationPatient", frame), 6)
    if cosines is not None:
        return _edges(direction_letters(cosines[:3]), direction_letters(cosines[3:]))
    stated = dataset.get("PatientOrientation")
    if stated is None or isinstance(stated, (str, bytes)) or len(stated) != _ROW_AND_COLUMN:
        return None
    return _edges(str(stated[0]), str(stated[1]))


def direction_letters(direction: Sequence[float]) -> str:
    """Return the patient's side that a vector (x, y, z) points to, such as ``L`` or, if it is oblique, ``PL``."""
    length = math.hypot(*direction)
    if length == 0:
        return ""
    parts = [
        (abs(part) / length, names[part > 0])
        for part, names in zip(direction, _AXES, strict=True)
        if abs(part) / length > _SECOND_LETTER_FROM
    ]
    return "".join(letter for _, letter in sorted(parts, key=lambda part: -part[0])[:2])


def _edges(right: str, bottom: str) -> EdgeLetters | None:
    """Return all four edges from the directions of the rows and the columns."""
    if not right or not bottom or not set(right + bottom) <= set(_OPPOSITE):
        return None
    return (_opposite(right), right, _opposite(bottom), bottom)


def _opposite(letters: str) -> str:
    return "".join(_OPPOSITE[letter] for letter in letters)
