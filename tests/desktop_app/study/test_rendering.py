"""What is on screen: the right bytes of the right pixels."""

from __future__ import annotations

import numpy as np
import pytest

from medmo_desktop.study.model import Frame, FrameReference, GreyWindow
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.rendering import frame_image, render_grey, render_region
from medmo_models.errors import InputError
from medmo_models.imaging import load_image
from medmo_models.imaging.grey import Window, to_bytes
from support.dicom_files import real_file

WINDOW = GreyWindow(500, 800)


def frame_of(values, height=None, width=None, **facts):
    rows, columns = values.shape[:2]
    height, width = height or rows, width or columns
    shown = np.zeros((height, width, 3), np.uint8)
    return Frame(
        FrameReference(real_file("CT_small.dcm")), values, True, width, height, "", shown_by_default=shown, **facts
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("inverted", [False, True])
def test_every_type_goes_through_the_window_of_the_standard(dtype, function, inverted):
    low, high = (0, 255) if dtype == np.uint8 else (-128, 127) if dtype == np.int8 else (0, 30000)
    values = np.linspace(low, high, 500).astype(dtype).reshape(20, 25)
    values[0] = values[-1]
    expected = to_bytes(Window(100, 150, function).fractions(values))
    assert np.array_equal(render_grey(values, 100, 150, inverted, function), 255 - expected if inverted else expected)


def test_negative_values_are_below_zero_and_not_above_32767():
    assert render_grey(np.array([[-1000, -1, 0, 1000]], np.int16), 0, 100, False).tolist() == [[0, 126, 129, 255]]


def test_a_view_of_every_second_pixel_renders_like_its_copy():
    values = np.arange(10000, dtype=np.uint16).reshape(100, 100)
    assert np.array_equal(
        render_grey(values[::2, ::-2], *(5000, 9000), False), render_grey(values, 5000, 9000, False)[::2, ::-2]
    )


def test_a_region_at_its_own_resolution_is_that_part_of_the_image():
    values = np.arange(1200, dtype=np.uint16).reshape(30, 40)
    whole = render_grey(values, 500, 800, False)
    for quality in ("fast", "smooth"):
        part = render_region(frame_of(values), WINDOW, False, 5, 7, 25, 17, 20, 10, quality=quality)
        assert np.array_equal(part, whole[7:17, 5:25])


def test_ends_in_wrong_order_mirror_the_region():
    values = np.arange(1200, dtype=np.uint16).reshape(30, 40)
    whole = render_grey(values, 500, 800, False)
    for quality in ("fast", "smooth"):
        part = render_region(frame_of(values), WINDOW, False, 25, 17, 5, 7, 20, 10, quality=quality)
        assert np.array_equal(part, whole[7:17, 5:25][::-1, ::-1])


def test_enlarged_pixels_are_blocks_and_made_smaller_ones_are_averaged_at_rest():
    values = np.array([[0, 1000], [1000, 0]], np.uint16)
    window = GreyWindow(500.5, 1001)
    blocks = render_region(frame_of(values), window, False, 0, 0, 2, 2, 8, 4)
    assert np.array_equal(blocks, np.kron([[0, 255], [255, 0]], np.ones((2, 4), int)))
    chess = np.tile(values, (50, 50))
    fine = render_region(frame_of(chess), window, False, 0, 0, 100, 100, 10, 10, quality="smooth")
    assert fine.min() > 118
    assert fine.max() < 138


def test_regions_are_in_pixels_as_shown_where_stored_ones_are_not_square():
    values = np.array([[0, 1000], [1000, 0]], np.uint16)
    shown = render_region(frame_of(values, height=8), GreyWindow(500.5, 1001), False, 0, 0, 2, 8, 2, 8)
    assert shown.tolist() == [[0, 255]] * 4 + [[255, 0]] * 4
    assert render_region(frame_of(values, height=8), GreyWindow(500.5, 1001), False, 0, 4, 1, 8, 1, 1).tolist() == [
        [255]
    ]


def test_inversion_by_the_user_is_on_top_of_the_files():
    values = np.array([[0, 1000]], np.uint16)
    window = GreyWindow(500.5, 1001)
    arguments = (0, 0, 2, 1, 2, 1)
    assert render_region(frame_of(values, inverted=True), window, False, *arguments).tolist() == [[255, 0]]
    assert render_region(frame_of(values, inverted=True), window, True, *arguments).tolist() == [[0, 255]]
    film = read_frame(FrameReference(real_file("RG1_UNCR.dcm")))
    by_default = render_region(film, None, True, 0, 0, film.width, film.height, film.width, film.height)
    assert np.array_equal(by_default, 255 - film.shown_by_default)


def test_without_a_window_and_in_colour_the_default_is_shown():
    for name, window in (("vlut_04.dcm", None), ("examples_rgb_color.dcm", WINDOW)):
        frame = read_frame(FrameReference(real_file(name)))
        for quality in ("fast", "smooth"):
            arguments = (0, 0, frame.width, frame.height, frame.width, frame.height)
            shown = render_region(frame, window, False, *arguments, quality=quality)
            assert np.array_equal(shown, frame.shown_by_default)


@pytest.mark.parametrize("name", ["RG1_UNCR.dcm", "JPEG2000.dcm", "mlut_18.dcm", "vlut_04.dcm"])
def test_the_model_is_given_what_load_image_loads(name):
    frame = read_frame(FrameReference(real_file(name)))
    for window in (None, (300.0, 500.0)):
        given, loaded = frame_image(frame, window), load_image(frame.reference.path, frame=0, window=window)
        assert np.array_equal(given.pixels, loaded.pixels)
        assert (given.sha256, given.notes, given.source_format) == (loaded.sha256, loaded.notes, loaded.source_format)


def test_the_model_is_given_the_function_of_the_files_window():
    frame = read_frame(FrameReference(real_file("CT_small.dcm")))
    window = GreyWindow(40, 400, "", "SIGMOID")
    assert np.array_equal(
        frame_image(frame, window).pixels[:, :, 0], render_grey(frame.values, 40, 400, False, "SIGMOID")
    )


def test_a_window_on_colour_and_a_file_that_changed_are_refused():
    colour = read_frame(FrameReference(real_file("examples_rgb_color.dcm")))
    with pytest.raises(InputError, match="this image is in colour"):
        frame_image(colour, (1.0, 2.0))
    with pytest.raises(InputError, match="the window 1/0 is not usable"):
        frame_image(frame_of(np.zeros((4, 4), np.int16), source_format="NIfTI"), (1.0, 0.0))
    with pytest.raises(InputError, match="the file has changed since it was opened; open it again"):
        frame_image(frame_of(np.zeros((4, 4), np.int16), source_format="DICOM"), (1.0, 2.0))
