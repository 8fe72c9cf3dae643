from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmo_desktop.canvas.view_state import (
    LARGEST_ZOOM,
    SMALLEST_ZOOM,
    ViewGeometry,
    ViewState,
    orientation_on_screen,
)

ALL_WAYS = list(itertools.product((0, 90, 180, 270), (False, True), (False, True)))


def seen(array: np.ndarray, state: ViewState) -> np.ndarray:
    """What the screen shows of an array, by numpy: turned clockwise, then mirrored."""
    array = np.rot90(array, -state.rotation // 90)
    array = np.fliplr(array) if state.flip_horizontal else array
    return np.flipud(array) if state.flip_vertical else array


def oriented(rotation: int, flip_horizontal: bool, flip_vertical: bool, **more: object) -> ViewState:
    return ViewState(rotation=rotation, flip_horizontal=flip_horizontal, flip_vertical=flip_vertical, **more)


@pytest.mark.parametrize(("rotation", "horizontal", "vertical"), ALL_WAYS)
def test_each_pixel_lies_where_numpy_puts_it(rotation: int, horizontal: bool, vertical: bool) -> None:
    state = oriented(rotation, horizontal, vertical, zoom=3.0)
    array = np.arange(35).reshape(5, 7)
    expected = seen(array, state)
    geometry = ViewGeometry(state, (7, 5), (400, 300))
    rows, columns = expected.shape
    for y, x in itertools.product(range(5), range(7)):
        at_x, at_y = geometry.to_view((x + 0.5, y + 0.5))
        column, row = (at_x - 200) / 3 + columns / 2, (at_y - 150) / 3 + rows / 2
        assert expected[int(row), int(column)] == array[y, x]


@pytest.mark.parametrize(("rotation", "horizontal", "vertical"), ALL_WAYS)
def test_turning_and_mirroring_what_is_seen_does_that_to_what_is_seen(
    rotation: int, horizontal: bool, vertical: bool
) -> None:
    state, array = oriented(rotation, horizontal, vertical), np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(seen(array, state.rotated(1)), np.rot90(seen(array, state), -1))
    np.testing.assert_array_equal(seen(array, state.rotated(-1)), np.rot90(seen(array, state), 1))


@pytest.mark.parametrize(("rotation", "horizontal", "vertical"), ALL_WAYS)
def test_letters_follow_the_edges_of_the_image(rotation: int, horizontal: bool, vertical: bool) -> None:
    state = oriented(rotation, horizontal, vertical)
    edges = np.array([["", "A", ""], ["R", "", "L"], ["", "P", ""]])
    shown = seen(edges, state)
    found = orientation_on_screen(("R", "L", "A", "P"), state)
    assert found == (shown[1, 0], shown[1, 2], shown[0, 1], shown[2, 1])


@given(
    way=st.sampled_from(ALL_WAYS),
    zoom=st.floats(0.05, 40),
    point=st.tuples(st.floats(-50, 250), st.floats(-50, 250)),
    centre=st.tuples(st.floats(0, 120), st.floats(0, 200)),
)
def test_there_and_back_is_the_same_point(way, zoom, point, centre) -> None:
    geometry = ViewGeometry(oriented(*way, zoom=zoom, centre=centre), (120, 200), (333, 111))
    assert geometry.to_image(geometry.to_view(point)) == pytest.approx(point, abs=1e-6)


@given(way=st.sampled_from(ALL_WAYS), factor=st.floats(0.2, 5), at=st.tuples(st.floats(80, 240), st.floats(60, 200)))
def test_zooming_keeps_the_point_under_the_pointer(way, factor, at) -> None:
    geometry = ViewGeometry(oriented(*way, zoom=4.0), (200, 100), (320, 240))
    under = geometry.to_image(at)
    after = ViewGeometry(geometry.zoomed(factor, at), (200, 100), (320, 240))
    assert after.zoom == pytest.approx(4.0 * factor)
    # The middle of the view never leaves the image, which may move a point that is far outside of it.
    if 0 < after.centre[0] < 200 and 0 < after.centre[1] < 100:
        assert after.to_image(at) == pytest.approx(under)


def test_zoom_has_ends() -> None:
    geometry = ViewGeometry(ViewState(zoom=50.0), (200, 100), (320, 240))
    assert geometry.zoomed(1e6, (0, 0)).zoom == LARGEST_ZOOM
    assert geometry.zoomed(1e-9, (0, 0)).zoom == SMALLEST_ZOOM


@pytest.mark.parametrize(("rotation", "fitting"), [(0, 2.0), (90, 1.5), (180, 2.0), (270, 1.5)])
def test_a_fitted_image_fills_the_tighter_side(rotation: int, fitting: float) -> None:
    geometry = ViewGeometry(oriented(rotation, False, False), (200, 100), (400, 300))
    assert geometry.zoom == fitting
    sideways = rotation in (90, 270)
    expected = (125, 0, 275, 300) if sideways else (0, 50, 400, 250)
    assert geometry.rectangle_to_view((0, 0, 200, 100)) == expected


@pytest.mark.parametrize(("rotation", "horizontal", "vertical"), ALL_WAYS)
def test_panning_moves_the_image_with_the_pointer(rotation: int, horizontal: bool, vertical: bool) -> None:
    before = ViewGeometry(oriented(rotation, horizontal, vertical, zoom=2.0), (200, 100), (400, 300))
    after = ViewGeometry(before.panned(13, -7), (200, 100), (400, 300))
    x, y = before.to_view((20, 30))
    assert after.to_view((20, 30)) == pytest.approx((x + 13, y - 7))


def test_the_image_cannot_be_pushed_out_of_the_view() -> None:
    geometry = ViewGeometry(ViewState(zoom=2.0), (200, 100), (400, 300))
    assert geometry.panned(100_000, -100_000).centre == (0.0, 100.0)


def test_visible_region() -> None:
    assert ViewGeometry(ViewState(), (200, 100), (400, 300)).visible_region() == (0, 0, 200, 100)
    zoomed = ViewGeometry(ViewState(zoom=8.0, centre=(0.0, 0.0)), (200, 100), (400, 300))
    assert zoomed.visible_region() == (0, 0, 25, 18.75)
