"""What holds for every text: no error, sane results, linear time; and the writer's format read back."""

from __future__ import annotations

import math
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medmo_models.coordinates import COORDINATE_SPACES, CoordinateSpace
from medmo_models.grounding_format import GroundedLabel, format_grounding
from medmo_runtime.grounding import Grounding, parse_grounding, to_pixels

FRAGMENTS = [
    *(
        "<box>",
        "</box>",
        "<|box_start|>",
        "<|box_end|>",
        "<ref>",
        "</ref>",
        "<|object_ref_start|>",
        "<|object_ref_end|>",
    ),
    *(
        "<think>",
        "</think>",
        "<bo",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ", ",
        " ",
        "\n",
        ":",
        '"',
        "\\",
        "```json\n",
        "**",
    ),
    *("[[1, 2, 30, 40]]", "[5,6,7,8]", "(1,2),(3,4)", "<box>[[10,20,30,40]]</box>", "（９，８），（7，6）", "0,0,0,0"),
    *(
        '"bbox_2d":',
        '"label": "mass"',
        '{"bbox_2d": [1,2,3,4], "label": "x"}',
        '[{"',
        "[0.1,0.2,0.5,0.6]",
        "[1500,3,1800,9]",
    ),
    *(
        "Nodule",
        " and a mass at ",
        "- ",
        "1. ",
        "A: ",
        "5",
        "12.5",
        "-3",
        "1e3",
        "99999999999999999999",
        "NaN",
        "١",
        "3 mm",
    ),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def check(text: str, grounding: Grounding) -> None:
    for finding in grounding.findings:
        start, end = finding.span
        assert 0 <= start <= end <= len(text)
        assert finding.label or finding.boxes
        assert finding.label == "" or finding.label.isprintable()
        for box in finding.boxes:
            assert all(map(math.isfinite, (*box.raw, *box.coordinates)))
            assert box.coordinates[0] < box.coordinates[2]
            assert box.coordinates[1] < box.coordinates[3]
            if box.space == "relative-1000" and "pixels?" not in box.marks:
                assert 0 <= min(box.coordinates) <= max(box.coordinates) <= 1000
            assert start <= box.span[0] < box.span[1] <= end
            written = text[slice(*box.span)].translate(TO_ASCII)
            assert sorted(map(float, NUMBER.findall(written))) == sorted(box.raw)
            assert all(map(math.isfinite, to_pixels(box, 640, 480, model_width=32, model_height=64)))


@settings(max_examples=250, deadline=None)
@given(TEXTS, st.sampled_from(COORDINATE_SPACES))
def test_any_text_gives_finite_boxes_where_the_text_has_numbers(text: str, space: CoordinateSpace) -> None:
    check(text, parse_grounding(text, coordinate_space=space))


BOXES = (
    st.tuples(*[st.integers(0, 999)] * 4)
    .map(lambda b: (*sorted((b[0], b[2])), *sorted((b[1], b[3]))))
    .map(lambda b: (b[0], b[2], b[1] + 1, b[3] + 1))
)
NAMES = [
    "Nodule",
    "Pleural effusion",
    "Mass, right lower lobe",
    "Rib fracture (left)",
    "Grade 3 glioma",
    "A",
    "结节",
    "T2/FLAIR",
]
LABELS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True).flatmap(
    lambda names: st.tuples(
        *[
            st.lists(BOXES, min_size=1, max_size=4, unique=True).map(
                lambda boxes, name=name: GroundedLabel(name, tuple(boxes))
            )
            for name in names
        ]
    )
)


@settings(max_examples=80, deadline=None)
@given(LABELS)
def test_what_the_writer_writes_is_read_back(labels: tuple[GroundedLabel, ...]) -> None:
    grounding = parse_grounding(format_grounding(labels))
    assert [(f.label, [box.raw for box in f.boxes]) for f in grounding.findings] == [
        (label.label, list(label.boxes)) for label in labels
    ]
    assert grounding.marks == ()


def test_nothing_found_is_read_back() -> None:
    assert parse_grounding(format_grounding([])) == Grounding(())


@settings(max_examples=12, deadline=None)
@given(LABELS)
def test_wherever_the_answer_is_cut_the_boxes_before_the_cut_are_kept(labels: tuple[GroundedLabel, ...]) -> None:
    text = format_grounding(labels)
    boxes = [(f.label, box) for f in parse_grounding(text).findings for box in f.boxes]
    for cut in range(len(text)):
        grounding = parse_grounding(text[:cut])
        # The character after the numbers tells that the last of them is complete.
        assert [(f.label, box) for f in grounding.findings for box in f.boxes] == [
            (label, box) for label, box in boxes if box.span[1] < cut
        ]
        in_box = text.rfind("<box>", 0, cut) > text.rfind("</box>", 0, cut)
        in_tag = text.rfind("<", 0, cut) > text.rfind(">", 0, cut)
        assert grounding.marks == (("truncated",) if in_box or in_tag else ())


PATTERNS = [
    *(
        "<box>",
        "</box>",
        "<box>[1,2,3,4]",
        "A <box>[[1,2,3,4]]</box>, ",
        "<box>[",
        "<ref>",
        "<think>",
        "</think>",
        "</",
    ),
    *(
        "[",
        "{",
        "(",
        '{"',
        '[{"',
        '"\\',
        '"bbox_2d"',
        '{"bbox_2d":',
        '{"bbox_2d":[1,2,3,4]}',
        "(1,",
        "(1,2),",
        "1",
        "1 ",
    ),
    *(" ", "\n", "and ", "**", ". ", "\\"),
]


@pytest.mark.parametrize("start", ["", "<box>[", '{"label": "', "(1,2),("])
def test_time_grows_in_proportion_to_the_length(start: str) -> None:
    def processor_time(pattern: str, length: int) -> float:
        text = start + pattern * (length // len(pattern))
        before = time.thread_time()
        check(text, parse_grounding(text))
        return time.thread_time() - before

    for pattern in PATTERNS:
        for length in (1_000, 4_000):  # the short one fails soon where something is much worse than linear
            # Eight times the text takes 8 times as long, or 64 times where anything is quadratic.
            ratios = (
                processor_time(pattern, 8 * length) / max(processor_time(pattern, length), 1e-3) for _ in range(3)
            )
            assert any(ratio < 24 for ratio in ratios), pattern


def test_depth_is_no_limit() -> None:
    deep = "[" * 100_000
    assert parse_grounding(f"A <box>{deep}1,2,3,4{']' * 100_000}</box>").findings[0].boxes[0].raw == (1, 2, 3, 4)
    objects = '{"a":' * 100_000
    assert parse_grounding(f'{objects}{{"bbox_2d":[1,2,3,4]}}').findings[0].boxes[0].raw == (1, 2, 3, 4)
