"""Grey windows: the formulas of DICOM PS3.3 C.11.2.1, against numbers worked out by hand and against pydicom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_windowing

from medmo_models.errors import InputError
from medmo_models.imaging import load_image
from medmo_models.imaging.grey import Window, to_bytes


def grey(path, **options):
    image = load_image(path, **options)
    assert image.pixels.dtype == np.uint8
    assert (image.pixels == image.pixels[:, :, :1]).all()
    return image.pixels[:, :, 0], image.notes


def test_window_of_the_file_is_applied_after_the_rescale(write_dicom):
    # LINEAR 40/400: black up to -160, white above 239, between them ((x - 39.5) / 399 + 0.5) * 255.
    hounsfield = np.array([[-1000, -160, -159, 0, 39, 40, 140, 239, 240, 3000]])
    path = write_dicom(
        (hounsfield + 1024).astype(np.uint16),
        bits=12,
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=40,
        WindowWidth=400,
    )
    shown, notes = grey(path)
    assert shown.tolist() == [[0, 0, 1, 102, 127, 128, 192, 255, 255, 255]]
    assert notes == ("window 40/400 from the file",)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_each_window_function_agrees_with_pydicom(function, real_file, tmp_path):
    dataset = dcmread(real_file("CT_small.dcm"))
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 35, 350, function
    path = tmp_path / "ct.dcm"
    dataset.save_as(path)
    windowed = apply_windowing(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    low, high = -(2**15) - 1024, 2**15 - 1 - 1024  # pydicom's output range: all values that the file could store
    shown, _ = grey(path)
    np.testing.assert_allclose(shown, (windowed - low) / (high - low) * 255, atol=0.5 + 1e-6)


@given(
    center=st.floats(-2000, 2000),
    width=st.floats(1, 5000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_any_window_agrees_with_pydicom(center, width, function):
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.PixelRepresentation = "MONOCHROME2", 8, 0
    dataset.add_new("WindowCenter", "FD", center)
    dataset.add_new("WindowWidth", "FD", width)
    dataset.VOILUTFunction = function
    values = np.arange(-3000, 3000, 7)
    with np.errstate(all="ignore"):
        expected = apply_windowing(values, dataset)
    shown = to_bytes(Window(center, width, function).fractions(values))
    np.testing.assert_allclose(shown, expected, atol=0.5 + 1e-6)


def test_first_of_several_windows_is_used(write_dicom):
    pixels = np.array([[0, 100, 1000]], dtype=np.uint16)
    path = write_dicom(pixels, WindowCenter=[50, 500], WindowWidth=[100, 1000])
    shown, notes = grey(path)
    assert shown.tolist() == [[0, 255, 255]]
    assert notes == ("window 50/100 from the file, the first of 2",)


def test_asked_window_replaces_the_files_window_in_rescaled_units(write_dicom):
    hounsfield = np.array([[-1350, -600, 150, 3000]])
    stored = (hounsfield + 2000).astype(np.uint16)
    path = write_dicom(stored, RescaleSlope=1, RescaleIntercept=-2000, WindowCenter=40, WindowWidth=400)
    shown, notes = grey(path, window=(-600, 1500))
    assert shown.tolist() == [[0, 128, 255, 255]]
    assert notes == ("window -600/1500 as asked",)


def test_width_one_is_a_threshold_and_smaller_widths_are_exact(write_dicom):
    path = write_dicom(np.array([[9, 10, 11]], dtype=np.uint16))
    assert grey(path, window=(10, 1))[0].tolist() == [[0, 255, 255]]
    dose = write_dicom(np.array([[0, 50, 100]], dtype=np.uint16), RescaleSlope=0.001, RescaleIntercept=0)
    assert grey(dose, window=(0.05, 0.1))[0].tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("window", [(40, 0), (40, -1), (float("nan"), 100), (0, float("inf"))])
def test_unusable_request_is_refused(write_dicom, window):
    path = write_dicom(np.array([[1, 2]], dtype=np.uint16))
    with pytest.raises(InputError, match="is not usable: give a center and a width above 0"):
        load_image(path, window=window)


@pytest.mark.parametrize("elements", [{"WindowWidth": 0}, {"WindowWidth": 100, "VOILUTFunction": "CURVE"}])
def test_unusable_window_in_the_file_is_said_and_the_full_range_shown(write_dicom, elements):
    path = write_dicom(np.array([[100, 150, 200]], dtype=np.uint16), WindowCenter=50, **elements)
    shown, notes = grey(path)
    assert shown.tolist() == [[0, 128, 255]]
    assert "is not usable: the full range is shown (100 to 200)" in notes[0]
