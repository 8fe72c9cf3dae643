from __future__ import annotations

import pytest

from medmo_desktop.canvas.box_editing import box_at, dragged, grip_at, moved_within, next_box, within
from medmo_desktop.canvas.label_layout import clipped, place_label
from medmo_desktop.canvas.view_state import ViewGeometry, ViewState
from medmo_desktop.findings.marks import BoxSet, MarkedBox

BOXES = BoxSet(
    (
        MarkedBox("large", "mass", (10, 10, 90, 90)),
        MarkedBox("small", "nodule", (40, 40, 60, 60)),
        MarkedBox("hidden", "nodule", (45, 45, 50, 50), visible=False),
    )
)
GEOMETRY = ViewGeometry(ViewState(zoom=2.0), (200, 100), (400, 200))
TURNED = ViewGeometry(ViewState(zoom=2.0, rotation=90, flip_horizontal=True), (200, 100), (200, 400))


def test_the_smallest_visible_box_is_meant() -> None:
    found = box_at(BOXES, GEOMETRY, GEOMETRY.to_view((47, 47)))
    assert found is not None
    assert found.id == "small"
    assert box_at(BOXES, GEOMETRY, GEOMETRY.to_view((150, 50))) is None


@pytest.mark.parametrize("geometry", [GEOMETRY, TURNED])
def test_a_handle_moves_the_edge_that_is_seen_there(geometry: ViewGeometry) -> None:
    box = BOXES.boxes[1]
    left, top, right, bottom = geometry.rectangle_to_view(box.pixels)
    start = (right, (top + bottom) / 2)
    assert grip_at(box, geometry, start) == "right"
    moved = dragged(box.pixels, "right", geometry, start, (start[0] + 10, start[1] + 3), (200, 100))
    assert geometry.rectangle_to_view(moved) == pytest.approx((left, top, right + 10, bottom))


@pytest.mark.parametrize("geometry", [GEOMETRY, TURNED])
def test_corners_and_the_inside(geometry: ViewGeometry) -> None:
    box = BOXES.boxes[0]
    left, top, right, bottom = geometry.rectangle_to_view(box.pixels)
    assert grip_at(box, geometry, (left + 2, top - 2)) == "left top"
    assert grip_at(box, geometry, (right, bottom)) == "right bottom"
    assert grip_at(box, geometry, ((left + right) / 2 + 15, (top + bottom) / 2 + 15)) == "inside"
    assert grip_at(box, geometry, (left - 20, top)) is None
    moved = dragged(box.pixels, "inside", geometry, (50, 50), (54, 58), (200, 100))
    assert geometry.rectangle_to_view(moved) == pytest.approx((left + 4, top + 8, right + 4, bottom + 8))


def test_an_edge_pulled_past_the_other_keeps_corners_in_order() -> None:
    moved = dragged((40, 40, 60, 60), "left", GEOMETRY, (80, 100), (200, 100), (200, 100))
    assert moved == (60, 40, 100, 60)


def test_boxes_stay_inside_the_image() -> None:
    assert moved_within((10, 10, 30, 30), 500, -500, (200, 100)) == (180, 0, 200, 20)
    assert within((250, -4, 20, 50), (200, 100)) == (20, 0, 200, 50)


def test_a_box_that_reaches_out_of_the_image_can_be_moved_in_but_not_further_out() -> None:
    assert moved_within((-10, 10, 30, 30), -5, 0, (200, 100)) == (-10, 10, 30, 30)
    assert moved_within((-10, 10, 30, 30), 5, 0, (200, 100)) == (-5, 10, 35, 30)


def test_tab_goes_through_visible_boxes_and_ends() -> None:
    assert [next_box(BOXES, at, 1) for at in (None, "large", "small")] == ["large", "small", None]
    assert [next_box(BOXES, at, -1) for at in (None, "small", "large")] == ["small", "large", None]
    assert next_box(BoxSet(), None, 1) is None


@pytest.mark.parametrize(
    "box", [(50, 50, 90, 80), (-30, 2, 40, 60), (370, 1, 500, 290), (-9e6, -9e6, 9e6, 9e6), (395, 280, 399, 299)]
)
def test_a_label_stays_in_view(box: tuple[float, float, float, float]) -> None:
    place = place_label(box, (60, 14), (400, 300))
    assert place is not None
    left, top, right, bottom = place
    assert min(left, top) >= 0
    assert right <= 400
    assert bottom <= 300
    assert (right - left, bottom - top) == (60, 14)


def test_a_label_is_above_its_box_and_below_where_there_is_no_room() -> None:
    assert place_label((50, 50, 90, 80), (60, 14), (400, 300)) == (50, 34, 110, 48)
    assert place_label((50, 5, 90, 80), (60, 14), (400, 300)) == (50, 82, 110, 96)


def test_what_is_out_of_view_has_no_label_and_no_line() -> None:
    assert place_label((-50, 50, -10, 80), (60, 14), (400, 300)) is None
    assert clipped((500, 0, 600, 50), (400, 300), 16) is None


def test_no_painted_coordinate_is_large() -> None:
    assert clipped((-1e7, 20, 1e7, 1e7), (400, 300), 16) == (-16, 20, 416, 316)
