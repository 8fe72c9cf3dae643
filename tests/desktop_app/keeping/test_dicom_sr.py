"""Structured reports: read back by highdicom and validated by dciodvfy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file

from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.keeping.deidentify import Deidentifier, burned_in_warning
from medmo_desktop.keeping.exports.dicom_sr import export_dicom_sr
from medmo_desktop.keeping.record import CaseRecord
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels, load_image
from support.cases import corrected_boxes, make_case, make_drawn_case, noise
from support.dicom_validation import validation_errors


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name, download=False)))


def changed_copy(folder: Path, name: str, **attributes: Any) -> Path:
    dataset = dcmread(sample(name))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(folder / name)
    return folder / name


def record_for(source: Path, frame: int | None = None) -> CaseRecord:
    return make_case(load_image(source, frame=frame))


def groups_of(path: Path) -> list[Any]:
    """The measurement groups that another program finds, with the notice checked."""
    report = hd.sr.srread(path)
    comments = [item.value for item in report.content[0].ContentSequence if item.name.meaning == "Comment"]
    assert comments == ["Research use only. Not for diagnosis."]
    assert report.SeriesDescription == "Research use only. Not for diagnosis."
    assert (report.VerificationFlag, report.CompletionFlag) == ("UNVERIFIED", "PARTIAL")
    assert validation_errors(path) == []
    groups: list[Any] = report.content.get_planar_roi_measurement_groups()
    return groups


def coded(group: Any, meaning: str) -> str | None:
    """The meaning of a coded item of a group, or the text of another one."""
    for item in group[0].ContentSequence:
        if item.name.meaning == meaning:
            value = item.value
            return str(getattr(value, "meaning", value))
    return None


def test_boxes_are_closed_polylines_on_the_source_image(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    record = record_for(source)
    export_dicom_sr(tmp_path / "sr.dcm", record, source)
    groups = groups_of(tmp_path / "sr.dcm")
    header = dcmread(source, stop_before_pixels=True)
    assert len(groups) == 2
    for group, box in zip(groups, record.boxes, strict=True):
        assert group.roi.graphic_type == hd.sr.GraphicTypeValues.POLYLINE
        x1, y1, x2, y2 = box.pixels
        expected = [[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]]
        assert group.roi.value == pytest.approx(np.array(expected), abs=1e-4)
        image = group.roi.ContentSequence[0].ReferencedSOPSequence[0]
        assert image.ReferencedSOPInstanceUID == header.SOPInstanceUID
        assert "ReferencedFrameNumber" not in image
    report = dcmread(tmp_path / "sr.dcm")
    assert (report.PatientID, report.StudyInstanceUID) == (header.PatientID, header.StudyInstanceUID)
    assert report.PatientName == header.PatientName
    assert report.SeriesInstanceUID != header.SeriesInstanceUID
    assert [path.name for path in tmp_path.iterdir()] == ["sr.dcm"]


def test_codes_confidence_algorithm_and_observers_say_who_said_what(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    record = record_for(source)
    untouched = MarkedBox("m9", "fibröse Veränderung", (80.0, 80.0, 99.0, 99.0), confidence=0.25)
    boxes = BoxSet((*corrected_boxes(record.boxes), untouched))
    export_dicom_sr(tmp_path / "sr.dcm", replace(record, boxes=boxes), source, observer="Jane Doe")
    moved, renamed, drawn, other = groups_of(tmp_path / "sr.dcm")
    assert (moved.finding_type.value, moved.finding_type.scheme_designator) == ("27925004", "SCT")
    assert (other.finding_type.meaning, other.finding_type.scheme_designator) == ("fibröse Veränderung", "99MEDMO")
    sources = [coded(group, "Who placed and named the box") for group in (moved, renamed, drawn, other)]
    assert sources == ["Model, corrected by the user", "Model, corrected by the user", "User", "Model"]
    observers = [coded(group, "Observer Type") for group in (moved, renamed, drawn, other)]
    assert observers == ["Person", "Person", "Person", "Device"]
    assert coded(drawn, "Person Observer Name") == "Jane Doe^"
    assert coded(drawn, "Algorithm Name") is None
    assert coded(other, "Algorithm Name") == "medmo-4b"
    assert coded(other, "Algorithm Version") == record.model.id
    assert not moved.get_measurements(), "the probability was of another place"
    (probability,) = other.get_measurements()
    assert (probability.value, probability.name.scheme_designator) == (0.25, "99MEDMO")


def test_a_box_keeps_its_tracking_uid_from_export_to_export(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    record = record_for(source)
    for name in ("a.dcm", "b.dcm"):
        export_dicom_sr(tmp_path / name, record, source)
    first, second = ([group.tracking_uid for group in groups_of(tmp_path / name)] for name in ("a.dcm", "b.dcm"))
    assert first == second
    assert len(set(first)) == 2


@pytest.mark.parametrize("name", ["emri_small.dcm", "examples_ybr_color.dcm"])
def test_a_frame_of_many_is_named_from_one(tmp_path: Path, name: str) -> None:
    source = sample(name)
    export_dicom_sr(tmp_path / "sr.dcm", record_for(source, frame=3), source)
    image = groups_of(tmp_path / "sr.dcm")[0].roi.ContentSequence[0].ReferencedSOPSequence[0]
    assert image.ReferencedFrameNumber == 4


@pytest.mark.parametrize(("spacing", "stretched"), [([2.0, 1.0], "rows"), ([0.5, 0.75], "columns")])
def test_boxes_go_back_to_stored_pixels_where_pixels_are_not_square(
    tmp_path: Path, spacing: list[float], stretched: str
) -> None:
    source = changed_copy(tmp_path, "CT_small.dcm", PixelSpacing=spacing)
    image = load_image(source)
    assert (image.height > 128, image.width > 128) == (stretched == "rows", stretched == "columns")
    whole = (0.0, 0.0, float(image.width), float(image.height))
    half = (0.0, 0.0, image.width / 2, image.height / 2)
    boxes = BoxSet((MarkedBox("m0", "whole", whole), MarkedBox("m1", "half", half)))
    export_dicom_sr(tmp_path / "sr.dcm", make_case(image, boxes), source)
    first, second = groups_of(tmp_path / "sr.dcm")
    assert first.roi.value.max(axis=0) == pytest.approx([128, 128])
    assert second.roi.value.max(axis=0) == pytest.approx([64, 64])


def test_a_name_in_another_character_set_is_right_in_the_report(tmp_path: Path) -> None:
    source = changed_copy(tmp_path, "CT_small.dcm", SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jürgen")
    export_dicom_sr(tmp_path / "sr.dcm", record_for(source), source)
    groups_of(tmp_path / "sr.dcm")
    report = dcmread(tmp_path / "sr.dcm")
    assert report.SpecificCharacterSet == "ISO_IR 192"
    assert report.PatientName == "Müller^Jürgen"


@pytest.mark.parametrize(
    "attributes",
    [
        {"PatientBirthDate": "", "PatientSex": "X", "StudyDate": "", "StudyTime": ""},
        {"PatientName": "", "PatientID": "", "AccessionNumber": "", "StudyID": ""},
    ],
)
def test_a_header_with_gaps_still_gives_a_valid_report(tmp_path: Path, attributes: dict[str, str]) -> None:
    source = changed_copy(tmp_path, "CT_small.dcm", **attributes)
    export_dicom_sr(tmp_path / "sr.dcm", record_for(source), source)
    assert len(groups_of(tmp_path / "sr.dcm")) == 2


def test_an_answer_without_boxes_gives_a_valid_report(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    export_dicom_sr(tmp_path / "sr.dcm", replace(record_for(source), boxes=BoxSet()), source)
    assert groups_of(tmp_path / "sr.dcm") == []


def test_what_sticks_out_is_cut_and_what_is_outside_is_refused(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    record = record_for(source)
    out = BoxSet((MarkedBox("m0", "edge", (-5.0, 100.0, 20.0, 300.0)),))
    export_dicom_sr(tmp_path / "sr.dcm", replace(record, boxes=out), source)
    (group,) = groups_of(tmp_path / "sr.dcm")
    assert group.roi.value.min(axis=0) == pytest.approx([0, 100])
    assert group.roi.value.max(axis=0) == pytest.approx([20, 128])
    outside = BoxSet((MarkedBox("m0", "far", (500.0, 500.0, 600.0, 600.0)),))
    with pytest.raises(InputError, match="outside the image"):
        export_dicom_sr(tmp_path / "other.dcm", replace(record, boxes=outside), source)
    assert not (tmp_path / "other.dcm").exists()


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    with pytest.raises(InputError, match="not the file that the question was about"):
        export_dicom_sr(tmp_path / "sr.dcm", record_for(source), sample("MR_small.dcm"))
    with pytest.raises(InputError, match="choose another format"):
        export_dicom_sr(tmp_path / "sr.dcm", make_case(image_from_pixels(noise())), source)
    nameless = changed_copy(tmp_path, "CT_small.dcm", StudyInstanceUID="not a uid")
    with pytest.raises(InputError, match="no valid StudyInstanceUID"):
        export_dicom_sr(tmp_path / "sr.dcm", record_for(nameless), nameless)
    assert not (tmp_path / "sr.dcm").exists()


def test_a_deidentified_report_has_nothing_of_the_patient(tmp_path: Path) -> None:
    source = changed_copy(
        tmp_path,
        "CT_small.dcm",
        PatientName="Smith^John",
        PatientID="4711-SECRET",
        AccessionNumber="ACC4711",
        ReferringPhysicianName="Referrer^Rita",
        StudyID="STUDY4711",
        InstitutionName="General Hospital",
    )
    header = dcmread(source, stop_before_pixels=True)
    record = record_for(source)
    record = replace(record, prompt="Mr Smith, what is this?", boxes=corrected_boxes(record.boxes))
    export_dicom_sr(tmp_path / "sr.dcm", record, source, observer="Doe^Jane", deidentifier=Deidentifier(b"key"))
    assert len(groups_of(tmp_path / "sr.dcm")) == 3
    content = (tmp_path / "sr.dcm").read_bytes()
    for word in ("Smith", "4711", "Rita", "General Hospital", "Jane", str(tmp_path)):
        assert word.encode() not in content, word
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientBirthDate", "StudyDate"):
        value = str(header.get(keyword, ""))
        assert not value or value.encode() not in content, keyword
    report = dcmread(tmp_path / "sr.dcm")
    assert report.PatientIdentityRemoved == "YES"
    assert report.StudyInstanceUID == Deidentifier(b"key").uid(header.StudyInstanceUID)
    assert report.StudyInstanceUID != Deidentifier().uid(header.StudyInstanceUID)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"BurnedInAnnotation": "YES", "Modality": "CT"}, "says that text is burned"),
        ({"BurnedInAnnotation": "NO", "Modality": "US"}, None),
        ({"Modality": "US"}, r"this kind \(US\)"),
        ({"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "captured screens"),
        ({"Modality": "CT"}, None),
        ({}, "modality not stated"),
    ],
)
def test_burned_in_text_is_warned_of(attributes: dict[str, str], says: str | None) -> None:
    header = Dataset()
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    warning = burned_in_warning(header)
    if says is None:
        assert warning is None
    else:
        assert warning is not None
        assert re.search(says, warning)
        assert "Look at every image" in warning
    assert burned_in_warning(None) is not None


def test_no_name_reaches_warnings_or_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: Any) -> None:
    source = changed_copy(tmp_path, "CT_small.dcm", PatientName="OnlyOneName")
    record = record_for(source)
    recwarn.clear()
    caplog.clear()
    export_dicom_sr(tmp_path / "sr.dcm", record, source)
    assert "OnlyOneName" not in caplog.text
    assert not [str(one.message) for one in recwarn if "OnlyOneName" in str(one.message)]


def test_boxes_drawn_without_a_question_are_a_report_of_a_person_without_an_algorithm(tmp_path: Path) -> None:
    source = sample("CT_small.dcm")
    record = make_drawn_case(load_image(source))
    export_dicom_sr(tmp_path / "sr.dcm", record, source, observer="Jane Doe")
    groups = groups_of(tmp_path / "sr.dcm")
    assert [coded(group, "Person Observer Name") for group in groups] == ["Jane Doe^", "Jane Doe^"]
    assert [coded(group, "Who placed and named the box") for group in groups] == ["User", "User"]
    assert [coded(group, "Algorithm Name") for group in groups] == [None, None]
