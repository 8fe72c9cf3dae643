"""Units: from the numbers in the text to pixels of the original image."""

from __future__ import annotations

import pytest

from medmo_models.coordinates import COORDINATE_SPACES, CoordinateSpace
from medmo_models.phantoms import make_phantom
from medmo_runtime.grounding import Box, parse_grounding, to_pixels


def only_box(numbers: str, space: CoordinateSpace = "relative-1000") -> Box:
    ((box,),) = (
        finding.boxes for finding in parse_grounding(f"<box>[[{numbers}]]</box>", coordinate_space=space).findings
    )
    return box


def test_grid_numbers_scale_with_each_side_of_the_original_image() -> None:
    box = only_box("250,500,750,1000")
    assert to_pixels(box, 640, 200) == (160, 100, 480, 200)
    assert to_pixels(box, 200, 640) == (50, 320, 150, 640)


def test_grid_numbers_do_not_depend_on_the_size_that_the_model_saw() -> None:
    box = only_box("250,500,750,1000")
    assert to_pixels(box, 4000, 3000, model_width=1024, model_height=768) == to_pixels(box, 4000, 3000)


def test_pixel_numbers_are_scaled_back_from_the_size_that_the_model_saw() -> None:
    box = only_box("100,200,300,400", "pixels")
    assert to_pixels(box, 2048, 600, model_width=1024, model_height=1200) == (200, 100, 600, 200)
    with pytest.raises(ValueError, match="size of the image that the model saw"):
        to_pixels(box, 2048, 600)


def test_pixel_numbers_beyond_a_thousand_are_not_suspicious() -> None:
    box = only_box("1500,-3,1800,1900", "pixels")
    assert box.coordinates == (1500, 0, 1800, 1900)
    assert box.marks == ("clipped",)
    assert box.space == "pixels"


@pytest.mark.parametrize("space", COORDINATE_SPACES)
def test_shares_of_the_image_mean_the_same_in_every_space(space: CoordinateSpace) -> None:
    box = only_box("0.0,0.25,1.0,0.5", space)
    assert box.marks == ("unit-scale",)
    assert to_pixels(box, 400, 200) == (0, 50, 400, 100)


def test_zeros_and_ones_without_a_decimal_point_are_grid_numbers() -> None:
    box = only_box("0,0,1,1")
    assert box.marks == ()
    assert to_pixels(box, 2000, 500) == (0, 0, 2, 0.5)


def test_fractions_of_a_pixel_survive() -> None:
    assert to_pixels(only_box("333,1,334,2"), 10, 10) == pytest.approx((3.33, 0.01, 3.34, 0.02))


@pytest.mark.parametrize(
    ("numbers", "marks", "coordinates"),
    [
        ("990,10,1050,900", ("clipped",), (990, 10, 1000, 900)),
        ("990,10,1051,900", ("pixels?",), (990, 10, 1051, 900)),
        ("1001,10,1040,900", ("pixels?",), (1001, 10, 1040, 900)),
        ("900,300,-5,100", ("swapped", "clipped"), (0, 100, 900, 300)),
        ("300,100,200,400", ("swapped",), (200, 100, 300, 400)),
    ],
)
def test_how_far_outside_a_box_may_be(numbers: str, marks: tuple[str, ...], coordinates: tuple[float, ...]) -> None:
    box = only_box(numbers)
    assert box.marks == marks
    assert box.coordinates == coordinates


@pytest.mark.parametrize("numbers", ["5,5,5,9", "5,5,9,5", "-9,10,-5,20", "0,10,-5,20"])
def test_a_box_without_area_in_the_image_is_malformed(numbers: str) -> None:
    grounding = parse_grounding(f"A <box>[[{numbers}]]</box>")
    assert grounding.findings[0].boxes == ()
    assert grounding.marks == ("malformed",)


def test_sizes_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        to_pixels(only_box("1,2,3,4"), 0, 10)


def test_true_answers_about_phantoms_come_back_within_half_a_grid_cell() -> None:
    boxes = 0
    for index in range(25):
        phantom = make_phantom(11, index)
        height, width = phantom.pixels.shape[:2]
        grounding = parse_grounding(phantom.grounding_answer())
        found = [
            (finding.label, to_pixels(box, width, height)) for finding in grounding.findings for box in finding.boxes
        ]
        assert [label for label, _ in found] == [finding.label for finding in phantom.findings]
        for (_, pixels), truth in zip(found, phantom.findings, strict=True):
            x1, y1, x2, y2 = truth.box
            half_cell = 0.0005001 * max(width, height)
            assert pixels == pytest.approx((x1 * width, y1 * height, x2 * width, y2 * height), abs=half_cell)
        boxes += len(found)
        assert grounding.marks == ()
    assert boxes > 20
