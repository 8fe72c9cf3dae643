"""The view of an image as a DICOM Grayscale Softcopy Presentation State (PS3.3 A.33.1), built by highdicom.

Another viewer shows the image by it as it is shown here: window, polarity, rotation, flips and the part that is seen,
with the boxes as closed polylines and their labels in two layers, the model's and the user's.
"""

from __future__ import annotations

import copy
import io
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from highdicom import pr
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.findings.marks import MarkedBox
from medmo_desktop.keeping.exports.dicom_identity import object_identity
from medmo_desktop.keeping.exports.dicom_source import DicomSource, read_source
from medmo_desktop.keeping.exports.subject import box_source, subject_image
from medmo_desktop.keeping.record import CaseRecord
from medmo_desktop.keeping.written_beside import write_beside
from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.reading import load_source
from medmo_models.errors import InputError
from medmo_models.imaging import GreyValues
from medmo_models.imaging.dicom_display import default_window, frame_settings
from medmo_models.imaging.grey import Window
from medmo_models.imaging.library_calls import quiet_library
from medmo_runtime.overlay import RESEARCH_NOTICE

_LAYERS = {
    "MODEL": "Boxes of the model, also those that the user corrected",
    "USER": "Boxes that the user drew",
    "NOTICE": "Research notice",
}
#: Left, top, right and bottom of the notice, in parts of what is displayed.
_NOTICE_PLACE = (0.05, 0.94, 0.95, 0.99)
#: PS3.5 table 6.2-1: the longest value of an IS, here of each part of the aspect ratio.
_LARGEST_RATIO_PART = 10_000


def export_dicom_gsps(path: Path, record: CaseRecord, source: Path, view: ViewGeometry) -> None:
    """Write how the record's image is shown; it is read back before it takes its place.

    Parameters
    ----------
    path : Path
    record : CaseRecord
        Its boxes become annotations, save those that are switched off.
    source : Path
        The DICOM file of `CaseRecord.subject`.
    view : ViewGeometry
        Of that image.

    Raises
    ------
    InputError
        If the image is not a grey DICOM image or not the record's, a box lies outside it, or the file cannot be
        written.
    """
    stream = io.BytesIO()
    with quiet_library("highdicom"), quiet_library("pydicom"):  # their warnings quote the header
        state = make_presentation_state(record, source, view)
        state.save_as(stream, enforce_file_format=True)
    drawn = sum(box.visible for box in record.boxes)
    write_beside(path, stream.getvalue(), "the presentation state", lambda partial: _check(partial, drawn))


def make_presentation_state(record: CaseRecord, source: Path, view: ViewGeometry) -> Any:
    """Return the `highdicom.pr.GrayscaleSoftcopyPresentationState`; parameters and errors as `export_dicom_gsps`."""
    image = subject_image(record)
    found = read_source(source, image)
    loaded = load_source(FrameReference(source, image.frame))
    if loaded.grey is None or loaded.dataset is None:
        raise InputError("A grayscale presentation state is about a grey image, and this one is in colour.")
    settings = frame_settings(loaded.dataset, image.frame)
    little_endian = loaded.dataset.file_meta.TransferSyntaxUID.is_little_endian
    header = _image_header(found, loaded.dataset)
    state = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[header],
        content_label="MEDMO",
        content_description=RESEARCH_NOTICE,
        graphic_layers=[pr.GraphicLayer(name, order, words) for order, (name, words) in enumerate(_LAYERS.items(), 1)],
        graphic_annotations=_annotations(record, found, header),
        voi_lut_transformations=[_voi(view, settings, loaded.grey, little_endian)],
        presentation_lut_transformation=hd.PresentationLUTTransformation(
            "INVERSE" if view.state.inverted != loaded.grey.inverted else "IDENTITY"
        ),
        **object_identity(record),
    )
    state.Laterality = ""  # required of an image's series, and unknown of this one
    _add_modality(state, settings, loaded.grey)
    _add_transformation(state, view)
    _add_displayed_area(state, view, found)
    if found.frame_number is not None:
        state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = found.frame_number
    return state


def _image_header(source: DicomSource, dataset: Any) -> Dataset:
    """Return patient, study and identity with the size of the pixels, and nothing else of the file."""
    header = copy.deepcopy(source.header)
    header.Rows, header.Columns, header.SamplesPerPixel = source.rows, source.columns, 1
    header.PhotometricInterpretation = str(dataset.PhotometricInterpretation)
    if source.frame_number is not None:
        header.NumberOfFrames = int(dataset.get("NumberOfFrames") or 1)
        # highdicom looks here for what `_add_modality` adds.
        header.SharedFunctionalGroupsSequence = [Dataset()]
    return header


def _annotations(record: CaseRecord, source: DicomSource, header: Dataset) -> list[Any]:
    """Return an annotation per layer that has any."""
    shown = [box for box in record.boxes if box.visible]
    layers = {
        "MODEL": [box for box in shown if box.origin == "model"],
        "USER": [box for box in shown if box.origin != "model"],
    }
    made = [
        _annotation(
            name, header, source, [_outline(box, source) for box in boxes], [_label(box, source) for box in boxes]
        )
        for name, boxes in layers.items()
        if boxes
    ]
    notice = pr.TextObject(RESEARCH_NOTICE, pr.AnnotationUnitsValues.DISPLAY, bounding_box=_NOTICE_PLACE)
    return [*made, _annotation("NOTICE", header, source, None, [notice])]


def _annotation(layer: str, header: Dataset, source: DicomSource, graphics: list[Any] | None, texts: list[Any]) -> Any:
    return pr.GraphicAnnotation(
        referenced_images=[header],
        graphic_layer=pr.GraphicLayer(layer, 1),
        referenced_frame_number=source.frame_number,
        graphic_objects=graphics,
        text_objects=texts,
    )


def _outline(box: MarkedBox, source: DicomSource) -> Any:
    x1, y1, x2, y2 = source.stored_box(box.pixels)
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]])
    return pr.GraphicObject(pr.GraphicTypeValues.POLYLINE, corners, pr.AnnotationUnitsValues.PIXEL)


def _label(box: MarkedBox, source: DicomSource) -> Any:
    """Return a box's name and whose it is, at its first corner."""
    x1, y1, _, _ = source.stored_box(box.pixels)
    text = f"{box.label or 'no label'} ({box_source(box)})"
    return pr.TextObject(text, pr.AnnotationUnitsValues.PIXEL, anchor_point=(x1, y1), anchor_point_visible=False)


def _voi(view: ViewGeometry, settings: Any, grey: GreyValues, little_endian: bool) -> Any:
    """Return the window that is shown, or the file's VOI lookup table where that is."""
    chosen = view.state.window
    window = (
        Window(chosen.center, chosen.width, chosen.function)
        if chosen is not None
        else default_window(grey.stored, settings, little_endian=little_endian)
    )
    if window is not None:
        return pr.SoftcopyVOILUTTransformation(
            window_center=window.center, window_width=window.width, voi_lut_function=window.function
        )
    # Made with a window that goes again: the table is taken over element by element, whatever its form.
    made = pr.SoftcopyVOILUTTransformation(window_center=0.0, window_width=1.0)
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction"):
        if keyword in made:
            delattr(made, keyword)
    made.VOILUTSequence = [_table(settings.VOILUTSequence[0])]
    return made


def _add_modality(state: Any, settings: Any, grey: GreyValues) -> None:
    """Add the modality transformation, where it changes anything: windows are in its units."""
    if grey.rescale is None:
        return
    if settings.get("ModalityLUTSequence"):
        state.ModalityLUTSequence = [_table(settings.ModalityLUTSequence[0])]
        return
    state.RescaleIntercept = settings.get("RescaleIntercept", 0)
    state.RescaleSlope = settings.get("RescaleSlope", 1)
    state.RescaleType = str(settings.get("RescaleType") or "US")


def _table(item: Any) -> Dataset:
    """Return a lookup table without the explanation, which may quote anything."""
    made = Dataset()
    for keyword in ("LUTDescriptor", "ModalityLUTType", "LUTData"):
        if keyword in item:
            made.add(item[keyword])
    return made


def _add_transformation(state: Any, view: ViewGeometry) -> None:
    """Add rotation and flip (PS3.3 C.10.6): rotated clockwise first, then flipped left to right."""
    upside_down = view.state.flip_vertical  # which is half a turn and a flip left to right
    state.ImageRotation = (view.state.rotation + (180 if upside_down else 0)) % 360
    state.ImageHorizontalFlip = "Y" if view.state.flip_horizontal != upside_down else "N"


def _add_displayed_area(state: Any, view: ViewGeometry, source: DicomSource) -> None:
    """Narrow the displayed area to what is seen (PS3.3 C.10.4): the pixels at its first and last corner on screen."""
    area = state.DisplayedAreaSelectionSequence[0]
    del area.PixelOriginInterpretation  # of tiled microscopy alone
    seen = view.visible_region()
    if seen is not None:
        left, top, right, bottom = view.rectangle_to_view(seen)
        (x1, y1), (x2, y2) = view.to_image((left, top)), view.to_image((right, bottom))
        columns = _first_and_last(x1 * source.scale_x, x2 * source.scale_x, source.columns)
        rows = _first_and_last(y1 * source.scale_y, y2 * source.scale_y, source.rows)
        area.DisplayedAreaTopLeftHandCorner = [columns[0], rows[0]]
        area.DisplayedAreaBottomRightHandCorner = [columns[1], rows[1]]
    ratio = Fraction(source.scale_x / source.scale_y).limit_denominator(_LARGEST_RATIO_PART)
    area.PresentationPixelAspectRatio = [ratio.numerator, ratio.denominator]


def _first_and_last(start: float, end: float, size: int) -> tuple[int, int]:
    """Return the pixels, from 1, in which a span begins and ends; the first is the larger one where it is mirrored."""
    low, high = sorted((start, end))
    # What is at a pixel's edge by computing alone does not reach into the next one.
    first = min(max(math.floor(low + 1e-6) + 1, 1), size)
    last = min(max(math.ceil(high - 1e-6), first), size)
    return (first, last) if start <= end else (last, first)


def _check(path: Path, boxes: int) -> None:
    """Read a presentation state back as another program would."""
    with quiet_library("pydicom"):
        state = dcmread(path)
    drawn = [item for one in state.GraphicAnnotationSequence for item in one.get("GraphicObjectSequence") or ()]
    if state.SOPClassUID != GrayscaleSoftcopyPresentationStateStorage or len(drawn) != boxes:
        raise InputError(
            f"The presentation state reads back with {len(drawn)} boxes instead of {boxes}; it was not kept."
        )
