"""MONOCHROME1, Presentation LUT Shape and TIFF MINISWHITE: which end is white, and inversion after the window."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from medmo_models.imaging import load_image

RAMP = np.arange(0, 4096, 5, dtype=np.uint16).reshape(10, 82)
# Off center, so that inverting before the window would show something else than inverting after it.
WINDOW = {"WindowCenter": 1000, "WindowWidth": 1500}


def shown(path):
    return load_image(path).pixels.astype(int)


def test_monochrome1_is_the_negative_of_monochrome2_through_the_same_window(write_dicom):
    positive = shown(write_dicom(RAMP, "MONOCHROME2", bits=12, **WINDOW))
    negative = shown(write_dicom(RAMP, "MONOCHROME1", bits=12, **WINDOW))
    np.testing.assert_array_equal(positive + negative, 255)
    assert positive[0, 0, 0] == 0
    assert positive[-1, -1, 0] == 255


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted", "note"),
    [
        ("MONOCHROME2", "IDENTITY", False, None),
        ("MONOCHROME2", "INVERSE", True, "inverted: Presentation LUT Shape INVERSE"),
        ("MONOCHROME1", "INVERSE", True, "inverted: MONOCHROME1"),
        ("MONOCHROME1", "IDENTITY", True, "inverted: MONOCHROME1, although Presentation LUT Shape is IDENTITY"),
    ],
)
def test_both_statements_of_inversion_invert_once(write_dicom, photometric, shape, inverted, note):
    plain = shown(write_dicom(RAMP, "MONOCHROME2", bits=12, **WINDOW))
    path = write_dicom(RAMP, photometric, bits=12, PresentationLUTShape=shape, **WINDOW)
    np.testing.assert_array_equal(shown(path), 255 - plain if inverted else plain)
    assert load_image(path).notes == ("window 1000/1500 from the file", *([note] if note else []))


def test_negative_rescale_slope_is_not_undone(write_dicom):
    path = write_dicom(np.array([[0, 50, 100]], dtype=np.uint16), RescaleSlope=-1, RescaleIntercept=100)
    assert shown(path)[0, :, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_with_white_as_zero_is_inverted(tmp_path, dtype):
    ramp = np.linspace(0, np.iinfo(dtype).max, 256).astype(dtype).reshape(16, 16)
    for photometric in ("miniswhite", "minisblack"):
        tifffile.imwrite(tmp_path / f"{photometric}.tif", ramp, photometric=photometric)
    white_zero, black_zero = (shown(tmp_path / f"{name}.tif") for name in ("miniswhite", "minisblack"))
    np.testing.assert_array_equal(white_zero + black_zero, 255)
    assert black_zero[0, 0, 0] == 0
    assert "inverted: the TIFF stores white as 0" in load_image(tmp_path / "miniswhite.tif").notes
