"""Boxes of partial and finished answers."""

from __future__ import annotations

import pytest

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.findings.reading import carry_over, read_boxes
from medmo_runtime.answer import (
    Answer,
    AnswerArtifact,
    AnswerBackend,
    AnswerBox,
    AnswerFinding,
    AnswerImage,
    AnswerStats,
)

TWO = "A nodule <box>[[100, 200, 300, 400], [500, 500, 600, 700]]</box> and a mass <box>[[0, 0, 50, 60]]</box>."
OBJECTS = '[{"bbox_2d": [10, 20, 30, 40], "label": "cyst"}, {"bbox_2d": [100, 200, 300, 400], "label": "mass"}]'


def answer_of(text: str, *findings: AnswerFinding) -> Answer:
    return Answer(
        text,
        findings,
        (),
        AnswerImage(2000, 1000, 512, 256, "0" * 64),
        AnswerArtifact("model", "id", "onnx-int4", 4.5),
        AnswerBackend("onnx", "cpu", "it is the only one"),
        AnswerStats(0, 0, 0, 1, 1, 0, 1, None, 0, "stop"),
    )


def test_boxes_are_in_pixels_of_the_image_and_know_their_phrase() -> None:
    boxes = read_boxes(TWO, (2000, 1000), (512, 256), "relative-1000")
    assert [(box.id, box.label, box.pixels) for box in boxes] == [
        ("m0", "nodule", (200, 200, 600, 400)),
        ("m1", "nodule", (1000, 500, 1200, 700)),
        ("m2", "mass", (0, 0, 100, 60)),
    ]
    first = boxes.boxes[0]
    assert first.phrase is not None
    assert TWO[slice(*first.phrase)].startswith("nodule <box>")
    assert first.raw == (100, 200, 300, 400)
    assert boxes.boxes[1].phrase == first.phrase


@pytest.mark.parametrize("text", [TWO, OBJECTS])
def test_a_box_that_appeared_stays_the_same_while_the_text_grows(text: str) -> None:
    seen: dict[str, tuple[float, ...]] = {}
    counts = []
    for end in range(len(text) + 1):
        boxes = read_boxes(text[:end], (1000, 1000), None, "relative-1000")
        counts.append(len(boxes))
        for box in boxes:
            assert seen.setdefault(box.id, box.pixels) == box.pixels
    assert counts == sorted(counts)
    assert set(counts) == set(range(len(read_boxes(text, (1000, 1000), None, "relative-1000")) + 1))


def test_boxes_in_model_pixels_wait_for_the_models_size() -> None:
    assert len(read_boxes(TWO, (2000, 1000), None, "pixels")) == 0
    boxes = read_boxes(TWO, (2000, 1000), (1000, 1000), "pixels")
    assert boxes.boxes[0].pixels == (200, 200, 600, 400)


def test_a_finished_answer_brings_its_own_numbers() -> None:
    told = AnswerFinding(
        "nodule",
        (
            AnswerBox((100, 200, 300, 400), (1, 2, 3, 4), 0.5, ("clipped",)),
            AnswerBox((500, 500, 600, 700), (5, 6, 7, 8), None, ()),
        ),
    )
    mass = AnswerFinding("mass", (AnswerBox((0, 0, 50, 60), (9, 9, 10, 10), 0.25, ()),))
    boxes = read_boxes(TWO, (2000, 1000), (512, 256), "relative-1000", answer_of(TWO, told, mass))
    assert [(box.id, box.pixels, box.confidence, box.marks) for box in boxes] == [
        ("m0", (1, 2, 3, 4), 0.5, ("clipped",)),
        ("m1", (5, 6, 7, 8), None, ()),
        ("m2", (9, 9, 10, 10), 0.25, ()),
    ]
    assert boxes.boxes[2].phrase is not None


def test_an_answer_without_an_image_has_no_boxes() -> None:
    assert len(read_boxes(TWO, (2000, 1000), None, "relative-1000", answer_of(TWO))) == 0


def test_what_the_user_did_while_an_answer_streams_in_stays() -> None:
    whole = read_boxes(TWO, (1000, 1000), None, "relative-1000")
    before = BoxSet(whole.boxes[:2])
    board = before.shown("m0", visible=False).relabelled("m0", "granuloma").deleted("m1").added("mine", (1, 2, 3, 4))
    board = board.moved("m0", (0, 0, 9, 9))
    carried = carry_over(before, board, whole)
    assert [box.label for box in carried] == ["granuloma", "mass", "mine"]
    first = carried.boxes[0]
    assert not first.visible
    assert first.pixels == (0, 0, 9, 9)
    assert first.model_pixels == whole.boxes[0].pixels
    assert first.model_label == "nodule"
    assert carried.boxes[2].origin == "user"
