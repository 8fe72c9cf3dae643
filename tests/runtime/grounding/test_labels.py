from __future__ import annotations

import pytest

from medmo_runtime.grounding import parse_grounding

BOX = "<box>[[1,2,3,4]]</box>"
OTHER = "<box>[[5,6,7,8]]</box>"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Pleural effusion ", "Pleural effusion"),
        ("A: ", "A"),
        ("- **Nodule**: ", "Nodule"),
        ("* Nodule - ", "Nodule"),
        ("2. Nodule: ", "Nodule"),
        ("12) Nodule ", "Nodule"),
        ("2 nodules ", "2 nodules"),
        ("Mass, right lower lobe ", "Mass, right lower lobe"),
        ("Rib fracture (left) ", "Rib fracture (left)"),
        ("Nodule (", "Nodule"),
        ('"Nodule": ', "Nodule"),
        ("`Nodule` ", "Nodule"),
        ("Nodule:\n", "Nodule"),
        ("There is a nodule at ", "nodule"),
        ("The image shows a 1.5 cm mass located in ", "1.5 cm mass"),
        ("The heart is normal. There are nodules here: ", "nodules"),
        ("Findings are below.\n\nEffusion, ", "Effusion"),
        ("<answer>Nodule ", "Nodule"),
        ("<ref>Mass", "Mass"),
        ("<ref>A</ref> and <ref>B</ref> ", "B"),
        ("<ref>Nodule. Left lung</ref> can be seen: ", "Nodule. Left lung"),
        ("Hepatitis A ", "Hepatitis A"),
        ("结节：", "结节"),
        ("心脏正常。左肺结节（小）：", "左肺结节(小)"),
        ("\x1b[31mNodule\x00 ", "[31mNodule"),
        ("It is here: ", "It"),
        ("Here: ", ""),
        ("", ""),
        (" , \n - ", ""),
    ],
)
def test_label_before_a_box(text: str, label: str) -> None:
    grounding = parse_grounding(text + BOX)
    assert [finding.label for finding in grounding.findings] == [label]


@pytest.mark.parametrize(
    "between", [", B ", " and B ", "; **B**: ", "\n- B: ", " is seen, and also a B ", ".\n\n2. B "]
)
def test_label_between_two_boxes(between: str) -> None:
    grounding = parse_grounding(f"Nodule {BOX}{between}{OTHER}.")
    assert [finding.label for finding in grounding.findings] == ["Nodule", "B"]


@pytest.mark.parametrize("between", ["", ", ", " and ", "\n"])
def test_boxes_with_no_label_between_are_one_finding(between: str) -> None:
    text = f"Nodule {BOX}{between}{OTHER}."
    (finding,) = parse_grounding(text).findings
    assert [box.raw for box in finding.boxes] == [(1, 2, 3, 4), (5, 6, 7, 8)]
    assert text[slice(*finding.span)] == text[:-1]


def test_json_label_is_one_printable_line() -> None:
    (finding,) = parse_grounding('{"bbox_2d": [1,2,3,4], "label": "left\\nlung\\u001b[0m \\ud800"}').findings
    assert finding.label == "left lung[0m"
    (finding,) = parse_grounding('{"bbox_2d": [1,2,3,4], "label": "a\\qb"}').findings
    assert finding.label == "a\\qb"


def test_the_phrase_begins_at_the_label() -> None:
    text = f"The heart is normal. There is a nodule at {BOX}."
    (finding,) = parse_grounding(text).findings
    assert text[slice(*finding.span)] == f"nodule at {BOX}"
