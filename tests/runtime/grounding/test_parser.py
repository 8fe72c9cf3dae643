"""Answers beyond the reference table: several findings, faults beside good boxes, thoughts, loops."""

from __future__ import annotations

import pytest

from medmo_runtime.grounding import Grounding, parse_grounding


def summary(grounding: Grounding) -> list[tuple[str, list[tuple[float, ...]]]]:
    return [(finding.label, [box.raw for box in finding.boxes]) for finding in grounding.findings]


@pytest.mark.parametrize(
    "bad",
    [
        "[5,6,7]",
        "[5,6,7,8,9]",
        "[NaN,1,2,3]",
        "[Infinity,1,2,3]",
        "[1,2,3,1e400]",
        "[5,5,5,9]",
        "[1-2,30,40]",
        "[1.2.3,40,50]",
        "[1e,2,3,4]",
        "[5]",
        "[5mm,1,2,3]",
    ],
)
def test_a_bad_box_costs_no_good_one(bad: str) -> None:
    grounding = parse_grounding(f"A <box>[[1,2,3,4],{bad},[10,20,30,40]]</box>, B <box>[[5,6,7,8]]</box>")
    assert summary(grounding) == [("A", [(1, 2, 3, 4), (10, 20, 30, 40)]), ("B", [(5, 6, 7, 8)])]
    assert grounding.marks == ("malformed",)


def test_a_bad_json_object_costs_no_good_one() -> None:
    grounding = parse_grounding(
        '[{"bbox_2d": null, "label": "a"}, {"bbox_2d": "none", "label": "b"}, {"bbox_2d": [1, 2, 3, 4, "label": "c"},'
        ' {"bbox_2d": {"x1": 1}, "label": "d"}, {"label": "e", "bbox_2d": [5, 6, 7, 8]}]'
    )
    assert summary(grounding) == [("a", []), ("b", []), ("c", [(1, 2, 3, 4)]), ("d", []), ("e", [(5, 6, 7, 8)])]
    assert grounding.marks == ("malformed",)


def test_a_missing_closing_tag_does_not_swallow_the_next_finding() -> None:
    grounding = parse_grounding("A <box>[[1,2,3,4]], B <box>[[5,6,7,8]]</box>")
    assert summary(grounding) == [("A", [(1, 2, 3, 4)]), ("B", [(5, 6, 7, 8)])]
    assert grounding.marks == ("malformed",)


def test_prose_after_an_unclosed_box_holds_no_boxes() -> None:
    grounding = parse_grounding("A <box>[[1,2,3,4]] of 3, 5, 7, 9 mm. [[5,6,7,8]]")
    assert summary(grounding) == [("A", [(1, 2, 3, 4)])]
    assert grounding.marks == ("malformed",)


@pytest.mark.parametrize(
    "text",
    ["seen in [1, 2, 3, 4]", "Mass [[1,2,30,40]]", "at (12, 40)", "a 2x3x4 (1,2,3) grid", "{1,2,3,4}", "1 2 3 4"],
)
def test_numbers_in_prose_are_no_boxes(text: str) -> None:
    assert parse_grounding(text) == Grounding(())


def test_a_box_that_lost_its_opening_tag_or_braces_is_reported() -> None:
    assert parse_grounding("Mass [[1,2,30,40]]</box>") == Grounding((), ("malformed",))
    assert parse_grounding("'bbox_2d': [1,2,30,40]") == Grounding((), ("malformed",))


def test_what_came_before_is_not_part_of_a_label() -> None:
    box = "<box>[[5,6,7,8]]</box>"
    text = f'{{"bbox_2d": [1,2,3,4], "label": "A"}} B {box}'
    assert summary(parse_grounding(text)) == [("A", [(1, 2, 3, 4)]), ("B", [(5, 6, 7, 8)])]
    assert summary(parse_grounding(f"A [[1,2,3,4]]</box> B {box}")) == [("B", [(5, 6, 7, 8)])]


def test_several_point_pairs() -> None:
    text = "Mass (1, 2), (3, 4), (5, 6), (7, 8)"
    assert summary(parse_grounding(text)) == [("Mass", [(1, 2, 3, 4), (5, 6, 7, 8)])]
    assert parse_grounding(text).marks == ()
    assert parse_grounding(text + ", (9, 10)").marks == ("malformed",)
    assert parse_grounding(text + ", (9, 1").marks == ("truncated",)
    assert summary(parse_grounding(text + ", (9, 1")) == summary(parse_grounding(text))


def test_full_width_digits_are_digits_and_those_of_other_scripts_are_not() -> None:
    assert summary(parse_grounding("<box>［［１，２，３０，４０］］</box>")) == [("", [(1, 2, 30, 40)])]
    assert parse_grounding("<box>[[١,٢,٣٠,٤٠]]</box>") == Grounding((), ("malformed",))


def test_a_thought_is_no_answer() -> None:
    box = "<box>[[1,2,3,4]]</box>"
    assert parse_grounding(f"<think>A {box}") == Grounding((), ("truncated",))
    assert parse_grounding(f"A {box}</think>None.") == Grounding(())
    assert parse_grounding(f"<think>A {box}<think>B {box}</think>None.") == Grounding(())
    assert summary(parse_grounding(f"A {box} <think>B {box}</think> C {box}")) == [
        ("A", [(1, 2, 3, 4)]),
        ("C", [(1, 2, 3, 4)]),
    ]


@pytest.mark.parametrize("tag", ["</bo", "<", "</box", "<|box_en"])
def test_a_cut_tag_is_a_cut_and_not_a_fault(tag: str) -> None:
    grounding = parse_grounding(f"A <box>[[1,2,30,40]]{tag}")
    assert summary(grounding) == [("A", [(1, 2, 30, 40)])]
    assert grounding.marks == ("truncated",)


@pytest.mark.parametrize(
    "text",
    ['[{"bbox_2d":[1,2,3,4],"label":"x"}', '[{"bbox_2d":[1,2,3,4],"label":"x', '{"bbox_2d":[1,2,3,4]', '[{"bb', "["],
)
def test_cut_json_is_truncated(text: str) -> None:
    grounding = parse_grounding(text)
    assert grounding.marks == ("truncated",)
    assert [box.raw for finding in grounding.findings for box in finding.boxes] == [(1, 2, 3, 4)] * (
        "[1,2,3,4]" in text
    )


def test_zero_boxes_beside_real_ones() -> None:
    assert summary(parse_grounding("A <box>[[0,0,0,0],[1,2,3,4]]</box>, B <box>[[0,0,0,0]]</box>")) == [
        ("A", [(1, 2, 3, 4)])
    ]


@pytest.mark.parametrize(
    "text",
    [
        ", ".join(["A <box>[[1,2,3,4]]</box>"] * 200),
        " ".join(['{"bbox_2d":[1,2,3,4],"label":"A"}'] * 200),
        "A " + "<box>[[1,2,3,4]]</box>" * 200,
    ],
)
def test_a_loop_over_whole_findings(text: str) -> None:
    grounding = parse_grounding(text)
    assert summary(grounding) == [("A", [(1, 2, 3, 4)])]
    assert grounding.marks == ("loop",)


def test_a_box_written_twice_is_kept_once_and_no_loop() -> None:
    box = "<box>[[1,2,3,4]]</box>"
    assert summary(parse_grounding(f"Mass {box}, mass {box}")) == [("Mass", [(1, 2, 3, 4)])]
    assert parse_grounding(f"Mass {box}, mass {box}").marks == ()


def test_a_loop_that_the_token_limit_ends() -> None:
    grounding = parse_grounding("A <box>[" + "[1,2,3,4], " * 200 + "[1,2")
    assert summary(grounding) == [("A", [(1, 2, 3, 4)])]
    assert grounding.marks == ("truncated", "loop")


def test_one_box_under_two_labels_is_no_loop() -> None:
    box = "<box>[[1,2,3,4]]</box>"
    grounding = parse_grounding(f"Mass {box}, Nodule {box}, Cyst {box}")
    assert [finding.label for finding in grounding.findings] == ["Mass", "Nodule", "Cyst"]
    assert grounding.marks == ()


def test_an_unclosed_string_hides_no_box() -> None:
    grounding = parse_grounding('{"label": "x <box>[[1,2,3,4]]</box>\n, "note": "y\n"bbox_2d": [5,6,7,8]}')
    assert [box.raw for finding in grounding.findings for box in finding.boxes] == [(1, 2, 3, 4), (5, 6, 7, 8)]
    assert grounding.marks == ("malformed",)


def test_a_single_point_is_not_joined_to_one_beyond_a_box() -> None:
    grounding = parse_grounding("A <box>[[1,2],[5,6,7,8],[3,4]]</box>")
    assert summary(grounding) == [("A", [(5, 6, 7, 8)])]
    assert grounding.marks == ("malformed",)


def test_json_strings_with_brackets_quotes_and_escapes() -> None:
    text = '[{"label": "a \\"b\\" {c} [d] \\u00e9", "note": "bbox_2d: [9,9,19,19]", "bbox_2d": [1,2,3,4]}]'
    assert summary(parse_grounding(text)) == [('a "b" {c} [d] é', [(1, 2, 3, 4)])]
    assert parse_grounding(text).marks == ()
