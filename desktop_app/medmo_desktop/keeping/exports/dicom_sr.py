"""Boxes as a DICOM structured report: Comprehensive SR of template TID 1500 (PS3.16), built by highdicom.

Each box is a measurement group (TID 1410) with a closed POLYLINE of five points, which viewers draw where four corners
or a RECTANGLE are not understood (cornerstone3D#2389). The device is the observer of what the model said, the person of
what the user drew or corrected.
"""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import sr
from pydicom import dcmread
from pydicom.sr.codedict import codes

from medmo_desktop.findings.marks import MarkedBox
from medmo_desktop.keeping.deidentify import Deidentifier
from medmo_desktop.keeping.exports import sr_codes
from medmo_desktop.keeping.exports.dicom_identity import PRODUCT, object_identity
from medmo_desktop.keeping.exports.dicom_source import DicomSource, read_source
from medmo_desktop.keeping.exports.subject import box_confidence, box_source, subject_image
from medmo_desktop.keeping.record import CaseRecord
from medmo_desktop.keeping.written_beside import write_beside
from medmo_models import __version__
from medmo_models.errors import InputError
from medmo_models.imaging.library_calls import quiet_library
from medmo_runtime.overlay import RESEARCH_NOTICE

#: In a group, behind the tracking identifier and its UID.
_OBSERVER_PLACE = 2
#: For a report that somebody corrected without giving a name.
_UNNAMED = "Unnamed user^"
#: PS3.5 table 6.2-1: the longest person name (PN), less the caret.
_LONGEST_NAME = 63


def export_dicom_sr(
    path: Path,
    record: CaseRecord,
    source: Path,
    *,
    observer: str | None = None,
    deidentifier: Deidentifier | None = None,
) -> None:
    """Write the boxes, switched off ones included, as a structured report; it is read back before it takes its place.

    Parameters
    ----------
    path : Path
    record : CaseRecord
    source : Path
        The DICOM file of `CaseRecord.subject`: the report joins its patient and study and refers to its frame.
    observer : str, optional
        Name of the person who drew and corrected boxes.
    deidentifier : Deidentifier, optional
        Replaces patient, dates and UIDs; question and observer are then left out. The report refers to the image as the
        same `Deidentifier` renames it.

    Raises
    ------
    InputError
        If the image is not DICOM or not the record's, a box lies outside it, or the file cannot be written.
    """
    stream = io.BytesIO()
    with quiet_library("highdicom"), quiet_library("pydicom"):  # their warnings quote the header
        found = read_source(source, subject_image(record))
        report = make_report(record, found, observer=observer, deidentifier=deidentifier)
        report.save_as(stream, enforce_file_format=True)
    write_beside(path, stream.getvalue(), "the report", lambda partial: _check(partial, len(record.boxes)))


def make_report(
    record: CaseRecord, source: DicomSource, *, observer: str | None = None, deidentifier: Deidentifier | None = None
) -> Any:
    """Return the report as a `highdicom.sr.ComprehensiveSR`; parameters and errors as `export_dicom_sr`."""
    header = source.header if deidentifier is None else deidentifier.apply(source.header)
    person = _person_name(observer) if observer and deidentifier is None else _UNNAMED
    report = sr.ComprehensiveSR(
        evidence=[header],
        content=_content(record, source, header, person, asked=deidentifier is None),
        **object_identity(record),
        coding_schemes=[sr_codes.scheme_description()],
    )
    if deidentifier is not None:
        report.PatientIdentityRemoved = header.PatientIdentityRemoved
        report.DeidentificationMethod = header.DeidentificationMethod
    return report


def _content(record: CaseRecord, source: DicomSource, header: Any, person: str, *, asked: bool) -> Any:
    by_user = any(box_source(box) != "model" for box in record.boxes)
    context = sr.ObservationContext(
        observer_device_context=_device(record), observer_person_context=_person(person) if by_user else None
    )
    report = sr.MeasurementReport(
        observation_context=context,
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=[_group(box, record, source, header, person) for box in record.boxes]
        or [_no_box(record, source, header)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    texts = [(codes.DCM.Comment, RESEARCH_NOTICE)]
    texts += [(sr_codes.QUESTION, record.prompt)] if asked else []
    texts += [] if record.answer is None else [(sr_codes.ANSWER, record.answer.text)]
    for name, text in texts:
        if text.strip():
            report[0].ContentSequence.append(
                sr.TextContentItem(name=name, value=text, relationship_type=sr.RelationshipTypeValues.CONTAINS)
            )
    return report


def _group(box: MarkedBox, record: CaseRecord, source: DicomSource, header: Any, person: str) -> Any:
    x1, y1, x2, y2 = source.stored_box(box.pixels)
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]])
    image = sr.SourceImageForRegion(header.SOPClassUID, header.SOPInstanceUID, _frames(source))
    region = sr.ImageRegion(sr.GraphicTypeValues.POLYLINE, corners, image)
    said_by_model = box.origin == "model"
    confidence = box_confidence(box)
    probability = [] if confidence is None else [_probability(confidence)]
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(_tracking_uid(record, box), f"{box.label or 'no label'} ({box.id})"),
        referenced_region=region,
        finding_type=sr_codes.finding_code(box.label),
        algorithm_id=_algorithm(record) if said_by_model else None,
        measurements=probability or None,
        qualitative_evaluations=[
            sr.QualitativeEvaluation(sr_codes.BOX_SOURCE, sr_codes.SOURCES[box_source(box)]),
        ],
    )
    items = group[0].ContentSequence
    for item in reversed(_device(record) if box_source(box) == "model" else _person(person)):
        items.insert(_OBSERVER_PLACE, item)
    return group


def _no_box(record: CaseRecord, source: DicomSource, header: Any) -> Any:
    """Return the group that says so: TID 1500 asks for at least one."""
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(f"2.25.{uuid.UUID(record.id).int}", "answer without boxes"),
        algorithm_id=_algorithm(record),
        source_images=[
            sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID, _frames(source)),
        ],
        qualitative_evaluations=[sr.QualitativeEvaluation(sr_codes.BOXES, sr_codes.NO_BOX)],
    )


def _frames(source: DicomSource) -> list[int] | None:
    return None if source.frame_number is None else [source.frame_number]


def _probability(confidence: float) -> Any:
    return sr.Measurement(sr_codes.TOKEN_PROBABILITY, round(confidence, 6), codes.UCUM.NoUnits)


def _tracking_uid(record: CaseRecord, box: MarkedBox) -> str:
    """Return the same UID for the same box of the same record in every export."""
    return f"2.25.{uuid.uuid5(uuid.UUID(record.id), box.id).int}"


def _algorithm(record: CaseRecord) -> Any | None:
    model = record.model
    if model is None:
        return None
    return sr.AlgorithmIdentification(
        name=model.spec_id,
        version=model.id,
        manufacturer=PRODUCT,
        parameters=[
            f"method {model.method}",
            f"backend {model.backend}/{model.device}, {model.dtype}",
            f"medmo-edge {record.medmo_version}, preprocessing {record.preprocessing}",
        ],
    )


def _device(record: CaseRecord) -> Any:
    model = record.model
    identity = sr.DeviceObserverIdentifyingAttributes(
        uid=f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'medmo-edge {model.id if model else __version__}').int}",
        name=f"{PRODUCT} {record.medmo_version}",
        manufacturer_name=PRODUCT,
        model_name=model.spec_id if model else PRODUCT,
    )
    return sr.ObserverContext(codes.DCM.Device, identity)


def _person_name(text: str) -> str:
    """Return a typed name as a DICOM person name; one without carets as a single component (PS3.5 section 6.2.1)."""
    name = "".join(character for character in text if character.isprintable() and character not in "\\=")
    name = name.strip()[:_LONGEST_NAME]
    return name if "^" in name else f"{name}^"


def _person(name: str) -> Any:
    return sr.ObserverContext(codes.DCM.Person, sr.PersonObserverIdentifyingAttributes(name=name))


def _check(path: Path, boxes: int) -> None:
    """Read a report back as another program would."""
    with quiet_library("highdicom"), quiet_library("pydicom"):
        groups = sr.ComprehensiveSR.from_dataset(dcmread(path)).content.get_planar_roi_measurement_groups()
    if len(groups) != boxes:
        raise InputError(f"The report reads back with {len(groups)} boxes instead of {boxes}; it was not kept.")
