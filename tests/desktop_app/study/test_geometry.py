"""The patient's sides at the edges of an image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset

from medmo_desktop.study.geometry import read_edge_letters, read_spacing, read_unit
from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.reading import read_frame
from support.dicom_files import real_file

TILTED = math.radians(30)


@pytest.mark.parametrize(
    ("cosines", "letters"),
    [
        ([1, 0, 0, 0, 1, 0], ("R", "L", "A", "P")),  # axial
        ([0, 1, 0, 0, 0, -1], ("A", "P", "H", "F")),  # sagittal
        ([1, 0, 0, 0, 0, -1], ("R", "L", "H", "F")),  # coronal
        ([math.cos(TILTED), math.sin(TILTED), 0, 0, 0, -1], ("RA", "LP", "H", "F")),  # oblique
        ([0.99, 0.14, 0, 0, 0, -1], ("R", "L", "H", "F")),  # hardly oblique
    ],
)
def test_letters_from_the_directions_of_rows_and_columns(cosines, letters):
    dataset = Dataset()
    dataset.ImageOrientationPatient = cosines
    assert read_edge_letters(dataset, 0) == letters


def test_letters_from_patient_orientation():
    dataset = Dataset()
    dataset.PatientOrientation = ["A", "FR"]
    assert read_edge_letters(dataset, 0) == ("P", "A", "HL", "FR")


@pytest.mark.parametrize("stated", [None, "", ["L"], ["L", ""], ["LE", "RT"]])
def test_no_letters_without_a_statement_about_a_person(stated):
    dataset = Dataset()
    dataset.PatientOrientation = stated
    assert read_edge_letters(dataset, 0) is None


def test_a_real_chest_film():
    frame = read_frame(FrameReference(real_file("RG1_UNCR.dcm")))
    assert frame.orientation == ("R", "L", "H", "F")


def region(delta, unit=3):
    item = Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = unit
    item.PhysicalDeltaX = item.PhysicalDeltaY = delta
    return item


def test_ultrasound_is_calibrated_where_all_regions_agree():
    dataset = Dataset()
    dataset.SequenceOfUltrasoundRegions = [region(0.05), region(-0.05)]
    spacing = read_spacing(dataset, 0, (1.0, 1.0))
    assert spacing is not None
    assert (spacing.row_mm, spacing.column_mm, spacing.calibrated) == (0.5, 0.5, True)
    for other in (region(0.06), region(0.05, unit=4)):
        dataset.SequenceOfUltrasoundRegions = [region(0.05), other]
        assert read_spacing(dataset, 0, (1.0, 1.0)) is None


@pytest.mark.parametrize(
    ("elements", "unit"),
    [
        ({"Modality": "CT", "RescaleIntercept": "-1024"}, "HU"),
        ({"Modality": "CT", "RescaleIntercept": "-1024", "RescaleType": "US"}, ""),
        ({"Modality": "CT"}, ""),
        ({"Modality": "PT", "Units": "GML"}, "SUV"),
        ({"Modality": "MR"}, ""),
        ({"RescaleType": "OD"}, "OD"),
    ],
)
def test_units(elements, unit):
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert read_unit(dataset, 0) == unit


def test_an_enhanced_ct_finds_its_spacing_in_its_functional_groups():
    frame = read_frame(FrameReference(real_file("eCT_Supplemental.dcm"), 1))
    assert frame.spacing is not None
    assert frame.spacing.calibrated
    assert np.isfinite(frame.spacing.row_mm)
