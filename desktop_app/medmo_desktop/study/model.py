"""What is opened: series of frames, and one frame with its grey values, free of Qt.

One coordinate space for everything that is drawn: pixels of the image as shown (`Frame.width` x `Frame.height`), that
is, after EXIF orientation and after pixels that are not square were made square. It is the space of
`medmo_models.imaging.LoadedImage` and of `medmo_runtime.answer.AnswerBox.pixels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_models.imaging.loaded import ImageFormat


@dataclass(frozen=True)
class FrameReference:
    """One frame of one file: ``frame`` counts from 0 (DICOM frame, TIFF page, NIfTI slice)."""

    path: Path
    frame: int = 0


@dataclass(frozen=True)
class Series:
    """Frames that are scrolled through as one stack, in order.

    Attributes
    ----------
    id : str
        Stable for the same files.
    title : str
        For the list of series; of a DICOM series its description, else the file's or folder's name.
    modality : str
        DICOM's, for example ``CT``; empty if not stated.
    frames : tuple of FrameReference
        Never empty.
    """

    id: str
    title: str
    modality: str
    frames: tuple[FrameReference, ...]


@dataclass(frozen=True)
class GreyWindow:
    """Window center and width in `Frame.unit`, with a name such as ``lung`` or the file's own explanation.

    ``function`` is DICOM's VOI LUT Function: LINEAR, LINEAR_EXACT or SIGMOID.
    """

    center: float
    width: float
    name: str = ""
    function: str = "LINEAR"


@dataclass(frozen=True)
class PixelSpacing:
    """Millimetres per pixel of the image as shown.

    ``calibrated`` is False where the spacing is at the detector (Imager Pixel Spacing) or only nominal; ``source``
    names the DICOM attribute or NIfTI header that it is from.
    """

    row_mm: float
    column_mm: float
    calibrated: bool
    source: str


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame in memory. Never changed after it was read; safe to hand to other threads.

    Attributes
    ----------
    reference : FrameReference
    values : ndarray
        Grey: shape (rows, columns), stored values after the modality transformation, in ``unit``. Colour: uint8 of
        shape (rows, columns, 3), RGB. Rows and columns may differ from ``height`` and ``width`` if pixels are not
        square.
    is_grey : bool
    width, height : int
        Size of the image as shown, in pixels.
    sha256 : str
        Of the file's bytes.
    frame_count : int
        Of the file.
    source_format : str
        ``DICOM``, ``PNG``, ``JPEG``, ``TIFF`` or ``NIfTI``; ``array`` if it is from no file.
    unit : str
        ``HU``, ``SUV``..., or empty.
    inverted : bool
        Whether low values are white by the file's own statement (MONOCHROME1).
    windows : tuple of GreyWindow
        The file's own, best first; empty if it states none.
    spacing : PixelSpacing or None
    orientation : tuple of str or None
        Letters at the left, right, top and bottom edge of the image as shown, for example ``("R", "L", "A", "P")``.
    corner_text : mapping of str to tuple of str
        Lines for the corners ``top-left``, ``top-right``, ``bottom-left``, ``bottom-right``. Holds patient data:
        for the screen only.
    notes : tuple of str
        What was done to the stored values. Holds no patient data.
    shown_by_default : ndarray of uint8, shape (height, width, 3)
        Exactly `medmo_models.imaging.load_image`'s pixels for this frame without a window.
    """

    reference: FrameReference
    values: NDArray[np.generic]
    is_grey: bool
    width: int
    height: int
    sha256: str
    frame_count: int = 1
    source_format: ImageFormat = "array"
    unit: str = ""
    inverted: bool = False
    windows: tuple[GreyWindow, ...] = ()
    spacing: PixelSpacing | None = None
    orientation: tuple[str, str, str, str] | None = None
    corner_text: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shown_by_default: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 3), dtype=np.uint8))
