"""The text in the corners of an image. It holds patient data: for the screen only."""

from __future__ import annotations

from typing import Any

from medmo_desktop.study.geometry import for_frame, numbers

_LONGEST_LINE = 64


def dicom_corner_text(dataset: Any, frame: int, frame_count: int) -> dict[str, tuple[str, ...]]:
    """Return the lines for each corner that has any; see `Frame.corner_text`."""
    corners = {
        "top-left": (
            _person(dataset.get("PatientName")),
            _text(dataset, "PatientID"),
            " ".join(filter(None, (_text(dataset, "PatientSex"), _age(_text(dataset, "PatientAge"))))),
        ),
        "top-right": (
            _text(dataset, "InstitutionName"),
            _text(dataset, "StudyDescription"),
            " ".join(filter(None, (_date(_text(dataset, "StudyDate")), _time(_text(dataset, "StudyTime"))))),
        ),
        "bottom-left": (
            " ".join(filter(None, (_text(dataset, "Modality"), _text(dataset, "SeriesDescription")))),
            _labelled("Series", _text(dataset, "SeriesNumber")),
            _labelled("Image", _text(dataset, "InstanceNumber")),
            f"Frame {frame + 1} of {frame_count}" if frame_count > 1 else "",
        ),
        "bottom-right": (_position(dataset, frame), _thickness(dataset, frame)),
    }
    lines = {corner: tuple(line[:_LONGEST_LINE] for line in texts if line) for corner, texts in corners.items()}
    return {corner: texts for corner, texts in lines.items() if texts}


def _text(dataset: Any, keyword: str) -> str:
    """Return an element's first value in one line, empty if there is none."""
    value = dataset.get(keyword)
    if value is None or isinstance(value, bytes):
        return ""
    if not isinstance(value, str) and hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        value = value[0] if len(value) else ""
    return " ".join(str(value).split())


def _person(name: Any) -> str:
    """Return a name as ``Family, Given Middle``."""
    parts = [part.strip() for part in str(name or "").split("=")[0].split("^")]
    given = " ".join(filter(None, parts[1:3]))
    return ", ".join(filter(None, (parts[0], given)))


def _age(text: str) -> str:
    """Return an age string such as ``045Y`` as ``45 y``; what is not one stays as it is."""
    if len(text) == 4 and text[:3].isdecimal() and text[3] in "DWMY":
        return f"{int(text[:3])} {text[3].lower()}"
    return text


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text


def _time(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if text[:4].isdecimal() and len(text) >= 4 else ""


def _labelled(label: str, text: str) -> str:
    return f"{label} {text}" if text else ""


def _position(dataset: Any, frame: int) -> str:
    """Return where the slice is: Slice Location, else the coordinate along the axis nearest to its normal."""
    location = dataset.get("SliceLocation")
    if location is None:
        corner = numbers(for_frame(dataset, "ImagePositionPatient", frame), 3)
        cosines = numbers(for_frame(dataset, "ImageOrientationPatient", frame), 6)
        if corner is None or cosines is None:
            return ""
        normal = slice_normal(cosines)
        location = corner[max(range(3), key=lambda axis: abs(normal[axis]))]
    return f"Position {float(location):.1f} mm"


def _thickness(dataset: Any, frame: int) -> str:
    thickness = for_frame(dataset, "SliceThickness", frame)
    return "" if thickness is None else f"Thickness {float(thickness):.4g} mm"


def slice_normal(cosines: tuple[float, ...]) -> tuple[float, float, float]:
    """Return the direction (x, y, z) that a slice faces, from the six cosines of its rows and columns."""
    (a, b, c), (d, e, f) = cosines[:3], cosines[3:]
    return (b * f - c * e, c * d - a * f, a * e - b * d)
