"""Lengths and values, and what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest

from medmo_desktop.study.measuring import measure_length, probe_pixel
from medmo_desktop.study.model import Frame, FrameReference, PixelSpacing
from medmo_desktop.study.reading import read_frame
from support.dicom_files import real_file


def frame_of(spacing=None, **elements):
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    return Frame(FrameReference(real_file("CT_small.dcm")), values, True, 4, 3, "", spacing=spacing, **elements)


def test_a_calibrated_length_uses_the_spacing_of_each_direction():
    length = measure_length(frame_of(PixelSpacing(4.0, 1.0, True, "Pixel Spacing")), (0, 0), (3, 1))
    assert (length.value, length.unit, length.calibrated, length.text) == (5.0, "mm", True, "5.0 mm")


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        ({}, "10.0 px (no pixel spacing)"),
        ({"Modality": "CT", "PixelSpacing": ["0.5", "0.5"]}, "5.0 mm"),
        ({"Modality": "CR", "ImagerPixelSpacing": ["0.5", "0.5"]}, "5.0 mm (at the detector)"),
        (
            {"Modality": "DX", "ImagerPixelSpacing": ["0.5", "0.5"], "PixelSpacing": ["0.5", "0.5"]},
            "5.0 mm (at the detector)",
        ),
        ({"Modality": "DX", "ImagerPixelSpacing": ["0.5", "0.5"], "PixelSpacing": ["0.4", "0.4"]}, "4.0 mm"),
        ({"Modality": "CR", "PixelSpacing": ["0.5", "0.5"]}, "5.0 mm (not calibrated)"),
        (
            {"Modality": "CR", "PixelSpacing": ["0.5", "0.5"], "PixelSpacingCalibrationType": "FIDUCIAL"},
            "5.0 mm",
        ),
        ({"NominalScannedPixelSpacing": ["0.5", "0.5"]}, "5.0 mm (not calibrated)"),
        ({"PixelSpacing": ["0", "0.5"]}, "10.0 px (no pixel spacing)"),
    ],
)
def test_what_the_file_says_decides_what_a_length_is_worth(write_dicom, elements, text):
    frame = read_frame(FrameReference(write_dicom("a.dcm", np.zeros((20, 20), np.uint8), **elements)))
    assert measure_length(frame, (2, 3), (12, 3)).text == text


def test_a_probe_reads_the_value_in_its_unit():
    probe = probe_pixel(frame_of(unit="HU"), 2.9, 1.0)
    assert probe is not None
    assert (probe.column, probe.row, probe.value, probe.text) == (2, 1, (6.0,), "6 HU")
    assert probe_pixel(frame_of(), 4.0, 1.0) is None
    assert probe_pixel(frame_of(), -0.1, 1.0) is None


def test_a_probe_of_pixels_that_are_not_square_reads_the_stored_one(write_dicom):
    pixels = np.array([[1, 2], [3, 4]], np.uint16)
    frame = read_frame(FrameReference(write_dicom("a.dcm", pixels, PixelSpacing=["4", "1"])))
    assert (frame.height, frame.width) == (8, 2)
    probes = [probe_pixel(frame, 1.5, y) for y in (0.0, 3.9, 4.0, 7.9)]
    assert [probe and probe.value for probe in probes] == [(2.0,), (2.0,), (4.0,), (4.0,)]


def test_a_probe_of_colour_reads_rgb():
    frame = read_frame(FrameReference(real_file("examples_rgb_color.dcm")))
    probe = probe_pixel(frame, 100, 50)
    assert probe is not None
    red, green, blue = frame.shown_by_default[50, 100]
    assert probe.text == f"RGB {red} {green} {blue}"
