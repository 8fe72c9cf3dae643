"""The numbered cases of the grounding reference: what models have been seen to write, and what it means."""

from __future__ import annotations

import pytest

from medmo_runtime.grounding import parse_grounding

ONE_BOX = [1, 2, 3, 4]

# number: (text, {label: raw boxes} in order, marks of the answer)
CASES: dict[int, tuple[str, list[tuple[str, list[list[float]]]], set[str]]] = {
    1: (
        "Fractures <box>[[156, 516, 231, 607], [240, 529, 296, 581]]</box>",
        [("Fractures", [[156, 516, 231, 607], [240, 529, 296, 581]])],
        set(),
    ),
    2: ("<ref>Mass</ref><box>[[1,2,30,40]]</box>", [("Mass", [[1, 2, 30, 40]])], set()),
    3: ("<box>[1,2,30,40]</box>", [("", [[1, 2, 30, 40]])], set()),
    4: ("<box>826 704 993 984</box>", [("", [[826, 704, 993, 984]])], set()),
    5: ("<box>[[190,164],[231,211]]</box>", [("", [[190, 164, 231, 211]])], set()),
    6: ("A: <box>[[1,2,3,4]]</box>, B <box>[[5,6,7,8]]</box>", [("A", [ONE_BOX]), ("B", [[5, 6, 7, 8]])], set()),
    7: ("A <box>[[1,2,30,40],[5,6,7", [("A", [[1, 2, 30, 40]])], {"truncated"}),
    8: ("A <box>[[1,2,30,40]]", [("A", [[1, 2, 30, 40]])], {"truncated"}),
    9: ("A <box>[[1,2,30,4", [("A", [])], {"truncated"}),
    10: ("<box>[[300,400,100,200]]</box>", [("", [[100, 200, 300, 400]])], set()),
    11: ("<box>[[0.1,0.2,0.5,0.6]]</box>", [("", [[0.1, 0.2, 0.5, 0.6]])], set()),
    12: ("<box>[[12.5,40,99.9,200]]</box>", [("", [[12.5, 40, 99.9, 200]])], set()),
    13: ("<box>[[-5,10,1004,900]]</box>", [("", [[-5, 10, 1004, 900]])], set()),
    14: ("<box>[[1500,1600,1800,1900]]</box>", [("", [[1500, 1600, 1800, 1900]])], set()),
    15: ("<box>[[0,0,0,0]]</box>", [], set()),
    16: ("X <box>[]</box>", [("X", [])], set()),
    17: ('```json\n[{"bbox_2d":[1,2,3,4],"label":"x"}]\n```', [("x", [ONE_BOX])], set()),
    18: ('{"bbox_2d":[[1,2,3,4],[5,6,7,8]],"label":"x"}', [("x", [ONE_BOX, [5, 6, 7, 8]])], set()),
    19: ('[{"bbox_2d":[1,2,3,4],"label":"x"},{"bbox_2d":[5,6', [("x", [ONE_BOX])], {"truncated"}),
    20: (
        "<|object_ref_start|>lung<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>",
        [("lung", [ONE_BOX])],
        set(),
    ),
    21: ("(1,2),(3,4)", [("", [ONE_BOX])], set()),
    22: ("（1，2），（3，4）", [("", [ONE_BOX])], set()),
    23: ('[{"bbox_2d":[1,2,3],"label":"x"}]', [("x", [])], {"malformed"}),
    24: ("<box>[[0,5,99999999999999999999,7]]</box>", [], {"malformed"}),
    25: (
        '{"bbox_2d": {"bbox": <|box_start|>(233,489),(378,606)<|box_end|>',
        [("", [[233, 489, 378, 606]])],
        {"malformed", "truncated"},
    ),
    26: ("<think><box>[[9,9,19,19]]</box></think>M <box>[[1,2,3,4]]</box>", [("M", [ONE_BOX])], set()),
    27: ("Nodules of 3, 5, 7, 9 mm", [], set()),
    28: (f"<box>[{', '.join(['[1,2,3,4]'] * 200)}]</box>", [("", [ONE_BOX])], {"loop"}),
}


@pytest.mark.parametrize("number", CASES)
def test_labels_boxes_and_marks_of_the_answer(number: int) -> None:
    text, findings, marks = CASES[number]
    grounding = parse_grounding(text)
    assert [(f.label, [list(box.raw) for box in f.boxes]) for f in grounding.findings] == findings
    assert set(grounding.marks) == marks


@pytest.mark.parametrize(
    ("number", "marks", "coordinates"),
    [
        (3, (), (1, 2, 30, 40)),
        (10, ("swapped",), (100, 200, 300, 400)),
        (11, ("unit-scale",), (100, 200, 500, 600)),
        (12, (), (12.5, 40, 99.9, 200)),
        (13, ("clipped",), (0, 10, 1000, 900)),
        (14, ("pixels?",), (1500, 1600, 1800, 1900)),
    ],
)
def test_marks_and_coordinates_of_the_box(number: int, marks: tuple[str, ...], coordinates: tuple[float, ...]) -> None:
    (finding,) = parse_grounding(CASES[number][0]).findings
    (box,) = finding.boxes
    assert box.marks == marks
    assert box.coordinates == pytest.approx(coordinates)
    assert box.space == "relative-1000"


@pytest.mark.parametrize("number", CASES)
def test_spans_point_at_the_numbers_and_the_phrase(number: int) -> None:
    text = CASES[number][0]
    for finding in parse_grounding(text).findings:
        phrase = text[slice(*finding.span)]
        assert phrase.startswith(("<ref>", "<|", "<box>", "(", "（", "{", finding.label or "?"))
        for box in finding.boxes:
            inside = text[slice(*box.span)]
            assert inside in phrase
            assert inside[0] in "-0123456789"
            assert inside[-1] in "0123456789"
