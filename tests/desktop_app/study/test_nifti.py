"""NIfTI slices as radiologists look at them."""

from __future__ import annotations

import numpy as np
import pytest

from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.opening import open_paths
from medmo_desktop.study.presets import auto_window
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.rendering import frame_image, render_grey
from medmo_models.errors import InputError

RIGHT_FRONT_HEAD = np.diag([1.0, 1.0, 4.0, 1.0])


@pytest.fixture
def marked():
    """A volume whose axes run to the patient's right, front and head, with a value in each of three corners."""
    volume = np.zeros((6, 8, 3), np.int16)
    volume[5, 7, 0] = 100  # right, front, feet
    volume[0, 0, 0] = 200  # left, back, feet
    volume[5, 7, 2] = 300  # right, front, head
    return volume


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_the_patients_right_front_is_at_the_top_left(write_nifti, marked, name):
    path = write_nifti(name, marked, RIGHT_FRONT_HEAD)
    (series,) = open_paths([path]).series
    assert (series.title, len(series.frames)) == (name, 3)
    feet, head = read_frame(series.frames[0]), read_frame(series.frames[2])
    assert feet.values.shape == (8, 6)
    assert (feet.values[0, 0], feet.values[7, 5], head.values[0, 0]) == (100, 200, 300)
    assert feet.orientation == ("R", "L", "A", "P")
    assert feet.values.dtype == np.int16


def test_a_volume_stored_in_other_directions_shows_the_same(write_nifti, marked):
    # Stored as (head, left, back): axis 0 runs to the head, axis 1 to the left, axis 2 to the back.
    stored = marked[::-1, ::-1, :].transpose(2, 0, 1)
    affine = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [4, 0, 0, 0], [0, 0, 0, 1]], float)
    turned = write_nifti("turned.nii", stored, affine)
    straight = write_nifti("straight.nii", marked, RIGHT_FRONT_HEAD)
    (series,) = open_paths([turned]).series
    assert len(series.frames) == 3
    for number in range(3):
        one, other = read_frame(FrameReference(turned, number)), read_frame(FrameReference(straight, number))
        assert np.array_equal(one.values, other.values)
        assert one.spacing == other.spacing


def test_pixels_that_are_not_square_are_made_square(write_nifti, marked):
    path = write_nifti("v.nii", marked, np.diag([0.5, 2.0, 1.0, 1.0]))
    frame = read_frame(FrameReference(path))
    assert (frame.width, frame.height, frame.values.shape) == (6, 32, (8, 6))
    assert frame.spacing is not None
    assert (frame.spacing.row_mm, frame.spacing.column_mm) == (0.5, 0.5)
    assert frame.shown_by_default.shape == frame_image(frame, (100, 50)).pixels.shape == (32, 6, 3)


def test_a_length_unit_that_is_not_stated_is_not_calibrated(write_nifti, marked):
    frame = read_frame(FrameReference(write_nifti("v.nii", marked, RIGHT_FRONT_HEAD, "unknown")))
    assert frame.spacing is not None
    assert not frame.spacing.calibrated
    micron = read_frame(FrameReference(write_nifti("m.nii", marked, RIGHT_FRONT_HEAD, "micron")))
    assert micron.spacing is not None
    assert micron.spacing.row_mm == pytest.approx(0.001)


def test_every_volume_of_a_time_series_is_a_stack(write_nifti):
    values = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)
    path = write_nifti("time.nii.gz", values, np.eye(4))
    series = open_paths([path]).series
    assert [one.title for one in series] == [f"time.nii.gz, volume {number} of 5" for number in range(1, 6)]
    assert len({one.id for one in series}) == 5
    frame = read_frame(series[3].frames[2])
    assert np.array_equal(frame.values, values[::-1, ::-1, 2, 3].T)
    assert frame.corner_text["bottom-left"] == ("Slice 3 of 4", "Volume 4 of 5")
    assert frame.frame_count == 20


def test_what_the_model_is_given_is_what_the_window_shows(write_nifti):
    values = np.random.default_rng(1).normal(100, 30, (16, 16, 2)).astype(np.float32)
    frame = read_frame(FrameReference(write_nifti("v.nii", values, np.eye(4)), 1))
    assert frame_image(frame, None).pixels is frame.shown_by_default
    (window,) = frame.windows
    shown = render_grey(frame.values, window.center, window.width, False, window.function)
    assert np.array_equal(shown, frame.shown_by_default[:, :, 0])
    image = frame_image(frame, (90.0, 40.0))
    assert np.array_equal(render_grey(frame.values, 90.0, 40.0, False), image.pixels[:, :, 0])
    assert (image.source_format, image.frame, image.frame_count) == ("NIfTI", 1, 2)
    assert image.notes[0] == "window 90/40 as asked"


def test_values_that_are_no_numbers_are_black(write_nifti):
    values = np.full((4, 4, 1), np.nan, np.float32)
    values[0, 0, 0], values[1, 0, 0] = 1.0, 2.0
    frame = read_frame(FrameReference(write_nifti("v.nii", values, np.eye(4))))
    assert frame.shown_by_default[0, 0].tolist() == [0, 0, 0]
    assert frame.shown_by_default[3, 2].tolist() == [255, 255, 255]
    assert auto_window(frame.values).center == pytest.approx(1.5)


def test_damaged_and_foreign_files_are_one_sentence(tmp_path, write_nifti):
    cut = write_nifti("cut.nii", np.zeros((8, 8, 8), np.int16), np.eye(4))
    cut.write_bytes(cut.read_bytes()[:600])
    (tmp_path / "not.nii.gz").write_bytes(b"not packed")
    colours = np.zeros((2, 2, 2), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    colour = write_nifti("colour.nii", colours, np.eye(4))
    with pytest.raises(InputError, match=r"cut\.nii: the NIfTI file is damaged or cut short$"):
        read_frame(FrameReference(cut))
    problems = open_paths([tmp_path / "not.nii.gz", colour]).problems
    assert problems[0].endswith("not.nii.gz: the NIfTI file is damaged or cut short")
    assert "holds colours or complex numbers" in problems[1]


def test_a_file_that_changed_is_read_again(write_nifti, marked):
    first = read_frame(FrameReference(write_nifti("v.nii", marked, RIGHT_FRONT_HEAD)))
    second = read_frame(FrameReference(write_nifti("v.nii", np.concatenate([marked, marked]), RIGHT_FRONT_HEAD)))
    assert first.sha256 != second.sha256
    assert second.width == 2 * first.width


def test_a_mask_with_few_voxels_shows_them(write_nifti):
    mask = np.zeros((40, 40, 4), np.uint8)
    mask[3, 3, 1] = 1
    frame = read_frame(FrameReference(write_nifti("mask.nii.gz", mask, np.eye(4)), 1))
    assert frame.shown_by_default[36, 36].tolist() == [255, 255, 255]
    assert frame.shown_by_default.sum() == 3 * 255


def test_a_volume_without_any_number_is_refused_in_a_sentence(write_nifti):
    path = write_nifti("nan.nii", np.full((4, 4, 2), np.nan, np.float32), np.eye(4))
    with pytest.raises(InputError, match=r"nan\.nii: the image holds no usable pixel values$"):
        read_frame(FrameReference(path))
