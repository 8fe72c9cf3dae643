"""Colour DICOM images: every colour space and encoding of one picture comes out as the same RGB."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from medmo_models.errors import InputError
from medmo_models.imaging import load_image

# Two stripes per colour: red, green, blue, and black to white; real files of one picture (by DCMTK and GDCM).
SAME_PICTURE_EXACTLY = [
    "SC_rgb_rle.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_expb.dcm",
    "SC_rgb_16bit.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_32bit.dcm",
]
SAME_PICTURE_NEARLY = [
    "SC_ybr_full_uncompressed.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+n1.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm",
]


@pytest.mark.parametrize("name", SAME_PICTURE_EXACTLY)
def test_lossless_encodings_are_equal(real_file, name):
    expected = load_image(real_file("SC_rgb.dcm")).pixels
    assert expected[5, 5].tolist() == [255, 0, 0]
    np.testing.assert_array_equal(load_image(real_file(name)).pixels, expected)


@pytest.mark.parametrize("name", SAME_PICTURE_NEARLY)
def test_lossy_and_ybr_encodings_are_close(real_file, name):
    expected = load_image(real_file("SC_rgb.dcm")).pixels.astype(int)
    difference = np.abs(load_image(real_file(name)).pixels - expected)
    assert difference.mean() < 3
    assert np.median(difference) <= 1


def test_planes_and_pixels_are_the_same_picture(real_file):
    by_plane, by_pixel = load_image(real_file("color-pl.dcm")), load_image(real_file("color-px.dcm"))
    np.testing.assert_array_equal(by_plane.pixels, by_pixel.pixels)


def test_16_bit_colour_is_scaled_not_stretched(write_dicom):
    path = write_dicom(np.array([[[0, 2048, 4095], [16, 1024, 3000]]], dtype=np.uint16), "RGB", bits=12)
    image = load_image(path)
    assert image.pixels.tolist() == [[[0, 128, 255], [1, 64, 187]]]
    assert image.notes == ("16-bit colour reduced to 8 bits",) or image.notes == ("12-bit colour reduced to 8 bits",)


def jpeg(picture, *, jfif, adobe):
    """Return a YCbCr JPEG with the given markers."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
    data = file.getvalue()
    end_of_jfif = 4 + int.from_bytes(data[4:6], "big")
    marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01" if adobe else b""
    return data[:2] + (data[2:end_of_jfif] if jfif else b"") + marker + data[end_of_jfif:]


@pytest.mark.parametrize(
    ("jfif", "adobe", "photometric"),
    [
        (True, False, "YBR_FULL_422"),
        (False, False, "YBR_FULL_422"),
        (True, False, "RGB"),  # the header is wrong, the JPEG says so
        (False, True, "YBR_FULL_422"),  # pydicom 3.0.2 alone converts these twice
        (True, True, "YBR_FULL_422"),
        (False, True, "RGB"),
    ],
)
def test_jpeg_colours_are_converted_exactly_once(make_dicom, tmp_path, jfif, adobe, photometric):
    picture = np.full((16, 16, 3), (200, 40, 90), dtype=np.uint8)
    dataset = make_dicom(picture, "RGB")
    dataset.PhotometricInterpretation = photometric
    dataset.PixelData = encapsulate([jpeg(picture, jfif=jfif, adobe=adobe)])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = uid.JPEGBaseline8Bit
    dataset.save_as(tmp_path / "jpeg.dcm", enforce_file_format=True)
    image = load_image(tmp_path / "jpeg.dcm")
    np.testing.assert_allclose(image.pixels.astype(int), picture, atol=2)
    contradiction = photometric == "RGB" and jfif
    assert any("the DICOM header says otherwise" in note for note in image.notes) == contradiction


def test_unsupported_colour_space_is_named(make_dicom, tmp_path):
    dataset = make_dicom(np.zeros((2, 2, 3), dtype=np.uint8), "RGB")
    dataset.PhotometricInterpretation = "HSV"
    dataset.save_as(tmp_path / "hsv.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="the DICOM colour space HSV is not supported; export the image as RGB"):
        load_image(tmp_path / "hsv.dcm")


@pytest.mark.parametrize("name", ["SC_rgb.dcm", "examples_palette.dcm"])
def test_window_on_colour_is_refused(real_file, name):
    with pytest.raises(InputError, match="a window applies to grey images only"):
        load_image(real_file(name), window=(40, 400))
