"""Stored grey values of a DICOM frame to 8 bits: modality, then VOI, then polarity (PS3.4 section N.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

from medmo_models.imaging.grey import (
    Bytes,
    Fractions,
    Values,
    Window,
    full_range,
    map_values,
    range_fractions,
    to_bytes,
)
from medmo_models.imaging.loaded import GreyValues
from medmo_models.imaging.lookup_table import read_table

_KEYWORDS = (
    "SOPClassUID",
    "PhotometricInterpretation",
    "PixelRepresentation",
    "BitsStored",
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelIntensityRelationship",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
    "PresentationLUTShape",
    "PixelPresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
)
# Functional groups of enhanced multi-frame objects that carry display settings (PS3.3 C.7.6.16.2).
_FUNCTIONAL_GROUPS = ("PixelValueTransformationSequence", "FrameVOILUTSequence", "PixelMeasuresSequence")
_ANGIOGRAPHY = (uid.XRayAngiographicImageStorage, uid.XRayRadiofluoroscopicImageStorage)

Brightness = Callable[[Values], Fractions]
Rescale = Callable[[Values], NDArray[Any]]


def frame_settings(dataset: Any, frame: int) -> Any:
    """Return the display settings that hold for one frame: its own before the shared ones before the image's."""
    settings = Dataset()
    for keyword in _KEYWORDS:
        if keyword in dataset:
            settings.add(dataset[keyword])
    groups = list(dataset.get("SharedFunctionalGroupsSequence") or [])[:1]
    groups += list(dataset.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    for group in groups:
        for macro in _FUNCTIONAL_GROUPS:
            for element in (group.get(macro) or [Dataset()])[0]:
                settings.add(element)
    return settings


def show_grey_frame(
    pixels: Values, settings: Any, window: Window | None, *, little_endian: bool
) -> tuple[Bytes, list[str]]:
    """Return one grey frame as 8 bits, with the notes to make.

    Parameters
    ----------
    pixels : ndarray of integers or floats, shape (rows, columns)
        Stored values.
    settings : pydicom.dataset.Dataset
        From `frame_settings`.
    window : Window or None
        In rescaled units; takes the place of the file's VOI transformation.
    """
    rescale, notes = _modality(settings, little_endian)
    brightness, voi_note = _voi(pixels, settings, window, rescale, little_endian)
    shown = map_values(pixels, lambda values: to_bytes(brightness(values if rescale is None else rescale(values))))
    if settings.get("PixelPresentation") in ("COLOR", "MIXED"):
        notes.append("supplemental colours of the file are not shown")
    inversion = _inversion(settings)
    if inversion is None:
        return shown, [*notes, voi_note]
    return 255 - shown, [*notes, voi_note, inversion]


def grey_values(pixels: Values, settings: Any, *, little_endian: bool) -> GreyValues:
    """Return a grey frame's stored values with its modality transformation, windows and polarity.

    Parameters
    ----------
    pixels : ndarray of integers or floats, shape (rows, columns)
        Stored values.
    settings : pydicom.dataset.Dataset
        From `frame_settings`.
    """
    rescale, _ = _modality(settings, little_endian)
    windows = tuple(window for window in file_windows(settings) if window.is_usable)
    return GreyValues(pixels, rescale, windows, inverted=_inversion(settings) is not None)


def file_windows(settings: Any) -> list[Window]:
    """Return the windows that the file states, in its order, usable or not."""
    function = str(settings.get("VOILUTFunction") or "LINEAR")
    explanations = settings.get("WindowCenterWidthExplanation") or ()
    names = [explanations] if isinstance(explanations, str) else list(explanations)
    pairs = zip(_numbers(settings.get("WindowCenter")), _numbers(settings.get("WindowWidth")), strict=False)
    return [
        Window(center, width, function, str(names[index]) if index < len(names) else "")
        for index, (center, width) in enumerate(pairs)
    ]


def _modality(settings: Any, little_endian: bool) -> tuple[Rescale | None, list[str]]:
    """Return the modality transformation, None where it changes nothing, and the notes to make."""
    # In XA and XRF these lead back to beam intensity and are not for display (dcm4che#688, fo-dicom#1442).
    if settings.get("SOPClassUID") in _ANGIOGRAPHY and settings.get("PixelIntensityRelationship") in ("LOG", "DISP"):
        return None, []
    if settings.get("ModalityLUTSequence"):
        item = settings.ModalityLUTSequence[0]
        table = read_table(item.LUTDescriptor, item.LUTData, little_endian=little_endian)
        return table.apply, ["modality lookup table from the file"]
    slope, intercept = (
        float(default if settings.get(keyword) is None else settings[keyword].value)
        for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
    )
    if (slope, intercept) == (1.0, 0.0):
        return None, []
    return lambda values: np.asarray(values, dtype=np.float64) * slope + intercept, []


def _voi(
    pixels: Values,
    settings: Any,
    window: Window | None,
    rescale: Rescale | None,
    little_endian: bool,
) -> tuple[Brightness, str]:
    """Return the function from rescaled values to brightness, and the note to make."""
    if window is not None:
        return window.fractions, f"window {window} as asked"
    if settings.get("VOILUTSequence"):
        item = settings.VOILUTSequence[0]
        table = read_table(item.LUTDescriptor, item.LUTData, little_endian=little_endian)
        return table.fractions, "VOI lookup table from the file" + _first_of(len(settings.VOILUTSequence))
    windows = file_windows(settings)
    reason = "no window in the file"
    if windows:
        found = windows[0]
        if found.is_usable:
            return found.fractions, f"window {found} from the file" + _first_of(len(windows))
        reason = f"the file's window {found} is not usable"
    return _without_window(pixels, settings, rescale, reason)


def default_window(pixels: Values, settings: Any, *, little_endian: bool) -> Window | None:
    """Return the window that shows a grey frame as `show_grey_frame` does without one.

    Parameters
    ----------
    pixels : ndarray of integers or floats, shape (rows, columns)
        Stored values.
    settings : pydicom.dataset.Dataset
        From `frame_settings`.

    Returns
    -------
    Window or None
        The file's own, else one over the range that is shown; None where the file's VOI lookup table is.
    """
    if settings.get("VOILUTSequence"):
        return None
    windows = file_windows(settings)
    if windows and windows[0].is_usable:
        return windows[0]
    rescale, _ = _modality(settings, little_endian)
    low, high, _ = _shown_range(pixels, settings, rescale)
    return Window((low + high) / 2, max(high - low, 1.0), "LINEAR_EXACT")


def _without_window(pixels: Values, settings: Any, rescale: Rescale | None, reason: str) -> tuple[Brightness, str]:
    low, high, note = _shown_range(pixels, settings, rescale)
    return lambda values: range_fractions(values, low, high), f"{reason}: {note}"


def _shown_range(pixels: Values, settings: Any, rescale: Rescale | None) -> tuple[float, float, str]:
    """Return the rescaled values that are black and white where there is no window, and the note to make."""
    bits = int(settings.get("BitsStored") or 32)
    if rescale is None and bits <= 8 and settings.get("PixelRepresentation") == 0:
        return 0.0, 2.0**bits - 1, f"{bits}-bit values are shown as stored"
    low, high = full_range(_without_padding(pixels, settings))
    if rescale is not None:
        ends = rescale(
            np.linspace(low, high, num=1 + min(round(high - low), 0xFFFF)) if high > low else np.array([low])
        )
        low, high = float(ends.min()), float(ends.max())
    return low, high, f"the full range is shown ({low:.10g} to {high:.10g})"


def _without_padding(pixels: Values, settings: Any) -> Values:
    """Return the stored values that are not padding (PS3.3 C.7.5.1.1.2), or all if every one is."""
    if settings.get("PixelPaddingValue") is None or not np.issubdtype(pixels.dtype, np.integer):
        return pixels
    value = settings.PixelPaddingValue
    limit = settings.get("PixelPaddingRangeLimit")
    # Through the pixels' own type: some writers state a negative padding value as an unsigned number.
    ends = np.array([value, value if limit is None else limit], dtype=np.int64).astype(pixels.dtype)
    kept: Values = pixels[(pixels < ends.min()) | (pixels > ends.max())]
    return kept if kept.size else pixels


def _inversion(settings: Any) -> str | None:
    """Return the note for an image whose low values are white, None for one whose low values are black.

    MONOCHROME1 and Presentation LUT Shape INVERSE together state one fact (PS3.3 C.8.11.3.1.2), not two inversions.
    """
    shape = settings.get("PresentationLUTShape")
    if settings.get("PhotometricInterpretation") == "MONOCHROME1":
        return "inverted: MONOCHROME1" + (
            ", although Presentation LUT Shape is IDENTITY" if shape == "IDENTITY" else ""
        )
    return "inverted: Presentation LUT Shape INVERSE" if shape == "INVERSE" else None


def _numbers(value: Any) -> list[float]:
    """Return a decimal string element's values as floats."""
    if value is None or value == "":
        return []
    return [float(value)] if isinstance(value, (str, float, int)) else [float(number) for number in value]


def _first_of(count: int) -> str:
    return f", the first of {count}" if count > 1 else ""
