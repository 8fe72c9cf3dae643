"""Presentation states: validated by dciodvfy, and drawn by code of the test's own beside what the canvas draws."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file

from medmo_desktop.canvas.image_layer import render_layer, request_layer
from medmo_desktop.canvas.view_state import Rotation, ViewGeometry, ViewState
from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.keeping.exports.dicom_gsps import export_dicom_gsps
from medmo_desktop.keeping.record import CaseRecord
from medmo_desktop.study.model import FrameReference, GreyWindow
from medmo_desktop.study.reading import read_frame
from medmo_models.errors import InputError
from medmo_models.imaging import load_image
from support.cases import corrected_boxes, make_case
from support.dicom_validation import validation_errors

NOTICE = "Research use only. Not for diagnosis."


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name, download=False)))


def record_for(source: Path, frame: int | None = None) -> CaseRecord:
    return make_case(load_image(source, frame=frame))


def view_of(record: CaseRecord, state: ViewState | None = None, size: tuple[int, int] = (400, 300)) -> ViewGeometry:
    assert record.subject is not None
    return ViewGeometry(state or ViewState(), (record.subject.width, record.subject.height), size)


def exported(folder: Path, record: CaseRecord, source: Path, view: ViewGeometry) -> Any:
    """The presentation state read back, valid and with the notice."""
    export_dicom_gsps(folder / "view.dcm", record, source, view)
    assert validation_errors(folder / "view.dcm", "GrayscaleSoftcopyPresentationState") == []
    state = dcmread(folder / "view.dcm")
    assert state.SeriesDescription == state.ContentDescription == NOTICE
    texts = [text for one in state.GraphicAnnotationSequence for text in one.get("TextObjectSequence", [])]
    assert [text.UnformattedTextValue for text in texts if "BoundingBoxAnnotationUnits" in text] == [NOTICE]
    return state


def drawn_by(state: Any, stored: NDArray[Any]) -> NDArray[np.float64]:
    """Stored pixels as PS3.4 N.2 has them drawn: modality, VOI, polarity, area, rotation, flip; 0 to 255."""
    values = stored * float(state.get("RescaleSlope", 1)) + float(state.get("RescaleIntercept", 0))
    voi = state.SoftcopyVOILUTSequence[0]
    center, width = float(voi.WindowCenter), float(voi.WindowWidth)
    if voi.VOILUTFunction == "LINEAR":
        shown = (values - (center - 0.5)) / (width - 1) + 0.5
    else:
        shown = (values - center) / width + 0.5
    shown = 255 * np.clip(shown, 0, 1)
    if state.PresentationLUTShape == "INVERSE":
        shown = 255 - shown
    area = state.DisplayedAreaSelectionSequence[0]
    (x1, y1), (x2, y2) = area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner
    shown = shown[min(y1, y2) - 1 : max(y1, y2), min(x1, x2) - 1 : max(x1, x2)]
    shown = np.rot90(shown, -state.ImageRotation // 90)  # numpy's turns are anticlockwise
    return shown[:, ::-1] if state.ImageHorizontalFlip == "Y" else shown


def on_canvas(source: Path, view: ViewGeometry) -> NDArray[np.uint8]:
    """What the canvas draws, one screen pixel per image pixel."""
    request = request_layer(read_frame(FrameReference(source)), view, 1.0)
    assert request is not None
    picture = render_layer(request, smooth=False).picture
    return np.array(
        [[picture.pixelColor(x, y).red() for x in range(picture.width())] for y in range(picture.height())], np.uint8
    )


@pytest.mark.parametrize(
    ("rotation", "flips"),
    list(product((0, 90, 180, 270), ((False, False), (True, False), (False, True), (True, True)))),
)
def test_another_viewer_draws_what_the_canvas_draws(
    tmp_path: Path, rotation: Rotation, flips: tuple[bool, bool]
) -> None:
    source = sample("CT_small.dcm")
    record = record_for(source)
    looked_at = ViewState(
        GreyWindow(40, 400), True, *flips, rotation=rotation, zoom=1.0, centre=(70.0, 45.0)
    )  # 60 x 40 pixels of the screen
    view = view_of(record, looked_at, (60, 40))
    state = exported(tmp_path, record, source, view)
    drawn = drawn_by(state, dcmread(source).pixel_array.astype(float))
    assert drawn.shape == (40, 60)
    assert np.abs(drawn - on_canvas(source, view)).max() <= 1
    # The corner that is at the top left of the screen comes first, whichever pixel it is.
    area = state.DisplayedAreaSelectionSequence[0]
    x, y = view.to_image((0.5, 0.5))
    assert list(area.DisplayedAreaTopLeftHandCorner) == [int(x) + 1, int(y) + 1]


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "RG3_UNCR.dcm"])
def test_without_a_window_it_says_what_the_file_is_shown_with(tmp_path: Path, name: str) -> None:
    source = sample(name)
    record = record_for(source)
    state = exported(tmp_path, record, source, view_of(record))
    frame = read_frame(FrameReference(source))
    drawn = drawn_by(state, dcmread(source).pixel_array.astype(float))
    assert np.abs(drawn - frame.shown_by_default[..., 0]).max() <= 1
    area = state.DisplayedAreaSelectionSequence[0]
    assert list(area.DisplayedAreaTopLeftHandCorner) == [1, 1]
    assert list(area.DisplayedAreaBottomRightHandCorner) == [frame.width, frame.height]


def test_a_lookup_table_of_the_file_is_taken_over(tmp_path: Path) -> None:
    source = sample("vlut_04.dcm")
    record = record_for(source)
    state = exported(tmp_path, record, source, view_of(record))
    taken, original = state.SoftcopyVOILUTSequence[0].VOILUTSequence[0], dcmread(source).VOILUTSequence[0]
    assert taken.LUTDescriptor == original.LUTDescriptor
    assert list(taken.LUTData) == list(original.LUTData)
    assert "WindowCenter" not in state.SoftcopyVOILUTSequence[0]


def test_boxes_lie_in_a_layer_each_for_model_and_user_and_those_switched_off_are_not_drawn(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    record = record_for(source)
    record = replace(record, boxes=corrected_boxes(record.boxes).added("gone", (1.0, 1.0, 9.0, 9.0)))
    record = replace(record, boxes=record.boxes.shown(record.boxes.boxes[-1].id, False))
    state = exported(tmp_path, record, source, view_of(record))
    layers = {one.GraphicLayer: one for one in state.GraphicAnnotationSequence}
    assert list(layers) == ["MODEL", "USER", "NOTICE"]
    outlines = [graphic for name in ("MODEL", "USER") for graphic in layers[name].GraphicObjectSequence]
    for outline, box in zip(outlines, record.boxes, strict=False):
        x1, y1, x2, y2 = box.pixels
        assert outline.GraphicType == "POLYLINE"
        assert outline.GraphicData == pytest.approx([x1, y1, x2, y1, x2, y2, x1, y2, x1, y1], abs=1e-4)
    names = [text.UnformattedTextValue for text in layers["USER"].TextObjectSequence]
    assert names == ["scar (user)"]
    assert len(outlines) == 3


def test_it_refers_to_the_image_and_the_frame_and_joins_the_study(tmp_path: Path) -> None:
    source = sample("emri_small.dcm")
    record = record_for(source, frame=3)
    state, header = exported(tmp_path, record, source, view_of(record)), dcmread(source, stop_before_pixels=True)
    assert state.StudyInstanceUID == header.StudyInstanceUID
    assert state.ReferencedSeriesSequence[0].SeriesInstanceUID == header.SeriesInstanceUID
    references = [state.ReferencedSeriesSequence[0].ReferencedImageSequence[0]]
    references += [one.ReferencedImageSequence[0] for one in state.GraphicAnnotationSequence]
    assert {(one.ReferencedSOPInstanceUID, one.ReferencedFrameNumber) for one in references} == {
        (header.SOPInstanceUID, 4)
    }


def test_pixels_that_are_not_square_have_their_ratio_and_boxes_in_stored_pixels(tmp_path: Path) -> None:
    dataset = dcmread(sample("CT_small.dcm"))
    dataset.PixelSpacing = [2.0, 1.0]
    source = tmp_path / "tall.dcm"
    dataset.save_as(source)
    image = load_image(source)
    assert (image.width, image.height) == (128, 256)
    record = make_case(image, BoxSet((MarkedBox("m0", "half", (0.0, 0.0, 64.0, 128.0)),)))
    state = exported(tmp_path, record, source, view_of(record))
    area = state.DisplayedAreaSelectionSequence[0]
    assert list(area.PresentationPixelAspectRatio) == [2, 1]
    assert list(area.DisplayedAreaBottomRightHandCorner) == [128, 128]
    assert max(state.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicData) == 64


def test_colour_is_refused_in_a_sentence_and_nothing_is_written(tmp_path: Path) -> None:
    source = sample("examples_ybr_color.dcm")
    record = record_for(source, frame=0)
    with pytest.raises(InputError, match="in colour"):
        export_dicom_gsps(tmp_path / "view.dcm", record, source, view_of(record))
    assert list(tmp_path.iterdir()) == []
