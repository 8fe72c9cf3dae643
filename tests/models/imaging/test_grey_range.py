"""Grey DICOM images without a window: which range is shown, with padding left out."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from medmo_models.imaging import load_image


def shown(path):
    return load_image(path).pixels[:, :, 0].tolist()


def test_full_range_is_shown_and_noted_in_rescaled_units(write_dicom):
    path = write_dicom(np.array([[100, 200, 300]], dtype=np.uint16), bits=12, RescaleSlope=0.5, RescaleIntercept=-1024)
    assert shown(path) == [[0, 128, 255]]
    assert load_image(path).notes == ("no window in the file: the full range is shown (-974 to -874)",)


def test_eight_bits_are_shown_as_stored(write_dicom):
    path = write_dicom(np.array([[40, 90, 140]], dtype=np.uint8))
    assert shown(path) == [[40, 90, 140]]


def test_one_bit_is_black_and_white(real_file):
    stored = dcmread(real_file("liver_1frame.dcm")).pixel_array
    np.testing.assert_array_equal(load_image(real_file("liver_1frame.dcm")).pixels[:, :, 0], stored * 255)


def test_signed_pixels(write_dicom):
    path = write_dicom(np.array([[-1000, 0, 1000]], dtype=np.int16))
    assert shown(path) == [[0, 128, 255]]


def test_unused_bits_above_the_stored_ones_are_not_pixels(write_dicom):
    overlay_in_bit_15 = np.array([[0x8000, 0x0800, 0x0FFF]], dtype=np.uint16)
    assert shown(write_dicom(overlay_in_bit_15, bits=12)) == [[0, 128, 255]]
    signed = np.array([[0x0800, 0x0000, 0x07FF]], dtype=np.int16)  # 12-bit -2048, 0, 2047 without sign extension
    assert shown(write_dicom(signed, bits=12)) == [[0, 128, 255]]


def test_pixels_stored_below_a_high_bit_are_shifted_down(write_dicom):
    samples = np.array([[0, 100, 200]], dtype=np.uint16)
    path = write_dicom(samples << 4, bits=12, HighBit=15, WindowCenter=100.5, WindowWidth=201)
    assert shown(path) == [[0, 128, 255]]
    assert "pixel bits taken from below high bit 15" in load_image(path).notes


def test_padding_does_not_stretch_the_range(write_dicom):
    pixels = np.array([[-2000, 0, 50, 100]], dtype=np.int16)
    assert shown(write_dicom(pixels, PixelPaddingValue=-2000)) == [[0, 0, 128, 255]]
    assert shown(write_dicom(pixels))[0][1] == 243  # without the element, -2000 is a pixel value


def test_padding_range(write_dicom):
    pixels = np.array([[3000, 2990, 0, 50, 100]], dtype=np.uint16)
    path = write_dicom(pixels, PixelPaddingValue=3000, PixelPaddingRangeLimit=2980)
    assert shown(path) == [[255, 255, 0, 128, 255]]


def test_negative_padding_stated_as_an_unsigned_number(make_dicom, tmp_path):
    dataset = make_dicom(np.array([[-2000, 0, 50, 100]], dtype=np.int16))
    dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert shown(tmp_path / "image.dcm") == [[0, 0, 128, 255]]


def test_a_constant_image_is_black(write_dicom):
    assert shown(write_dicom(np.full((2, 2), 700, dtype=np.uint16))) == [[0, 0], [0, 0]]


def test_wide_integers_and_floats(make_dicom, write_dicom, tmp_path):
    assert shown(write_dicom(np.array([[1_000_000, 1_500_000, 2_000_000]], dtype=np.uint32))) == [[0, 128, 255]]
    dataset = make_dicom(np.zeros((1, 4), dtype=np.uint32))
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    dataset.FloatPixelData = np.array([0.25, np.nan, 0.5, 0.75], dtype=np.float32).tobytes()
    dataset.save_as(tmp_path / "float.dcm", enforce_file_format=True)
    assert shown(tmp_path / "float.dcm") == [[0, 0, 128, 255]]


@pytest.mark.parametrize("relationship", ["LOG", "DISP", "LIN"])
def test_angiography_is_shown_without_the_way_back_to_beam_intensity(write_dicom, relationship):
    path = write_dicom(
        np.array([[0, 50, 100]], dtype=np.uint8),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.12.1",
        PixelIntensityRelationship=relationship,
        RescaleSlope=-2,
        RescaleIntercept=1000,
    )
    assert shown(path) == ([[255, 128, 0]] if relationship == "LIN" else [[0, 50, 100]])
