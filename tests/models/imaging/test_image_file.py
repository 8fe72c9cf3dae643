"""A file whose frames are loaded one by one, and what an image was made from."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from medmo_models.errors import InputError
from medmo_models.imaging import ImageFile, load_image
from medmo_models.imaging.grey import Window


def test_frames_of_one_file_are_those_of_load_image(real_file, tmp_path):
    tifffile.imwrite(
        tmp_path / "pages.tif", np.arange(600, dtype=np.uint16).reshape(3, 10, 20), photometric="minisblack"
    )
    for path in (real_file("rtdose.dcm"), tmp_path / "pages.tif"):
        file = ImageFile(path)
        for frame in (2, 0, 1):
            loaded, expected = file.load(frame).image, load_image(path, frame=frame)
            assert np.array_equal(loaded.pixels, expected.pixels)
            assert (loaded.frame, loaded.sha256, loaded.notes) == (frame, expected.sha256, expected.notes)


def test_values_before_the_window_and_the_windows_of_the_file(write_dicom):
    path = write_dicom(
        np.array([[0, 1000], [1024, 2000]], np.uint16),
        RescaleSlope="1",
        RescaleIntercept="-1024",
        WindowCenter=[40, 0, 90],
        WindowWidth=[400, 0, 150],
        WindowCenterWidthExplanation=["SOFT", "BROKEN", "LIVER"],
    )
    source = ImageFile(path).load()
    assert source.grey is not None
    assert source.grey.rescaled().tolist() == [[-1024, -24], [0, 976]]
    assert source.grey.windows == (Window(40, 400, "LINEAR", "SOFT"), Window(90, 150, "LINEAR", "LIVER"))
    assert source.dataset.PatientID == "ID-4711"


def test_colour_has_no_grey_values(real_file):
    assert ImageFile(real_file("examples_palette.dcm")).load().grey is None


def test_a_window_may_have_a_function_of_its_own(write_dicom):
    path = write_dicom(np.array([[0, 100, 200]], np.uint16))
    image = load_image(path, window=Window(100, 100, "SIGMOID"))
    assert image.pixels[0, :, 0].tolist() == [5, 128, 250]
    assert image.notes == ("window 100/100 (SIGMOID) as asked",)
    with pytest.raises(InputError, match="is not usable"):
        load_image(path, window=Window(100, 100, "CUBIC"))


def test_a_file_that_changed_is_not_mixed_with_what_was_hashed(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16))
    file = ImageFile(path)
    assert file.is_current
    tifffile.imwrite(path, np.zeros((9, 9), np.uint16))
    assert not file.is_current
    with pytest.raises(InputError, match="the file changed while it was read; open it again"):
        file.load()
    path.unlink()
    assert not file.is_current
