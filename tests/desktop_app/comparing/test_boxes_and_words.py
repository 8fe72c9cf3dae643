"""What changed between two answers, by hand: boxes, words and figures; none of it needs Qt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medmo_desktop.canvas.shapes import ExtraArrow, ExtraBox
from medmo_desktop.comparing.boxes import Change, boxes_of, compare_boxes
from medmo_desktop.comparing.drawing import shapes_on_first, shapes_on_second, tagged
from medmo_desktop.comparing.noise import brighter, judge_drift
from medmo_desktop.comparing.sides import Side, SideAnswer
from medmo_desktop.comparing.summary import summarize
from medmo_desktop.comparing.words import agreement, as_html, word_diff
from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_models.imaging.array import image_from_pixels
from medmo_runtime.answer import (
    Answer,
    AnswerArtifact,
    AnswerBackend,
    AnswerBox,
    AnswerFinding,
    AnswerImage,
    AnswerStats,
)
from medmo_runtime.worker.protocol import Opened

SIZE = (100, 100)


def boxes(*entries: tuple[str, float, float, float, float]) -> BoxSet:
    return BoxSet(
        tuple(MarkedBox(f"m{place}", label, (x1, y1, x2, y2)) for place, (label, x1, y1, x2, y2) in enumerate(entries))
    )


FIRST = boxes(("Mass", 0, 0, 20, 20), ("Mass", 50, 50, 70, 70), ("Cyst", 10, 60, 20, 70))
SECOND = boxes(("mass", 55, 50, 75, 70), ("mass", 0, 0, 20, 19), ("mass", 10, 60, 20, 70))


def test_boxes_are_matched_moved_lost_and_new() -> None:
    compared = compare_boxes(FIRST, SECOND, SIZE)
    assert [(row.change, row.label) for row in compared] == [
        ("matched", "Mass"),
        ("moved", "Mass"),
        ("lost", "Cyst"),
        ("new", "mass"),
    ]
    matched, moved, lost, new = compared
    assert matched.iou == pytest.approx(0.95)
    assert matched.corner_shift == pytest.approx(0.5)
    assert moved.iou == pytest.approx(0.6)
    assert moved.corner_shift == pytest.approx(5.0)
    assert moved.second is SECOND.boxes[0]
    assert lost.second is None
    assert new.first is None
    assert compared.mean_iou == pytest.approx((0.95 + 0.6) / 2)


def test_a_box_is_the_same_from_an_iou_of_nine_tenths() -> None:
    one = boxes(("a", 0, 0, 10, 10))
    assert compare_boxes(one, boxes(("a", 0, 0, 10, 9)), SIZE).count("matched") == 1
    assert compare_boxes(one, boxes(("a", 0, 0, 10, 8.99)), SIZE).count("moved") == 1


def test_without_boxes_there_is_nothing_to_average() -> None:
    assert compare_boxes(BoxSet(), BoxSet(), SIZE).mean_iou is None
    assert compare_boxes(FIRST, BoxSet(), SIZE).count("lost") == 3
    assert compare_boxes(BoxSet(), FIRST, SIZE).count("new") == 3


def test_exchanging_the_answers_exchanges_lost_and_new() -> None:
    there, back = compare_boxes(FIRST, SECOND, SIZE), compare_boxes(SECOND, FIRST, SIZE)
    assert (there.count("lost"), there.count("new")) == (back.count("new"), back.count("lost"))
    assert sorted(row.iou or 0 for row in there) == pytest.approx(sorted(row.iou or 0 for row in back))


def test_arrows_lead_from_where_a_box_was_to_where_it_is() -> None:
    compared = compare_boxes(FIRST, SECOND, SIZE)
    first, second = shapes_on_first(compared), shapes_on_second(compared)
    arrows = [shape for shape in first if isinstance(shape, ExtraArrow)]
    assert {(arrow.start, arrow.end) for arrow in arrows} == {((50, 50), (55, 50)), ((70, 70), (75, 70))}
    assert [s.line for s in first if isinstance(s, ExtraBox)] == ["dashed"]
    labels = sorted((s.label, s.line) for s in second if isinstance(s, ExtraBox))
    assert labels == [("", "dashed"), ("", "dotted"), ("lost", "dotted")]


def test_what_became_of_a_lone_box_stands_behind_its_label() -> None:
    compared = compare_boxes(FIRST, SECOND, SIZE)
    words: dict[Change, str] = {"lost": "lost", "new": "new"}
    assert [box.label for box in tagged(FIRST, compared, words)] == ["Mass", "Mass", "Cyst, lost"]
    assert [box.label for box in tagged(SECOND, compared, words)] == ["mass", "mass", "mass, new"]
    assert [box.id for box in tagged(SECOND, compared, words)] == ["m0", "m1", "m2"]


def test_words_are_told_apart_without_colour() -> None:
    pieces = word_diff("A mass on the left <lung>.", "A cyst on the left <lung>, small.")
    shown = as_html(pieces, "#aa0000", "#0000aa")
    assert "<s>mass</s>" in shown
    assert "<u><b>cyst</b></u>" in shown
    assert "&lt;lung&gt;" in shown
    # 9 tokens against 11, 8 in common: A on the left < lung > .
    assert agreement(pieces) == pytest.approx(2 * 8 / (9 + 11))
    assert agreement(word_diff("", "")) is None
    assert agreement(word_diff("same words", "same words")) == 1.0
    assert agreement(word_diff("one", "other")) == 0.0


def test_drift_is_held_against_the_models_own() -> None:
    one = boxes(("a", 0, 0, 10, 10))
    near, far = compare_boxes(one, boxes(("a", 0, 0, 10, 9)), SIZE), compare_boxes(one, boxes(("a", 0, 0, 10, 5)), SIZE)
    lost = compare_boxes(one, BoxSet(), SIZE)
    assert judge_drift(near, far).within
    assert judge_drift(near, near).within
    assert not judge_drift(far, near).within
    assert not judge_drift(lost, near).within
    assert judge_drift(lost, lost).within
    assert "0.500 against 0.900" in judge_drift(far, near).words


def test_the_picture_for_the_noise_is_one_level_brighter_and_never_wraps() -> None:
    image = image_from_pixels(np.array([[[0, 254, 255]]], dtype=np.uint8))
    assert brighter(image).pixels.tolist() == [[[1, 255, 255]]]
    assert brighter(image).pixels.dtype == np.uint8
    assert "brighter" in brighter(image).notes[-1]


def side(text: str, method: str, peak: int, speed: float | None) -> SideAnswer:
    box = AnswerBox((100, 100, 300, 300), (10.0, 10.0, 30.0, 30.0), 0.9, ("clipped",))
    answer = Answer(
        text,
        (AnswerFinding("Mass", (box, replace(box, pixels=(50.0, 50.0, 60.0, 60.0)))), AnswerFinding("Nothing", ())),
        (),
        AnswerImage(100, 100, 96, 96, "0" * 64),
        AnswerArtifact(f"/models/{method}", "id", method, 4.25),
        AnswerBackend("onnx", "cpu", "because"),
        AnswerStats(2.0, 1.0, 0.5, 300, 256, 0, 40, speed, peak, "stop"),
    )
    opened = Opened(f"/models/{method}", method, "onnx", "cpu", "int8", "because", "key", (), peak, 2.0, ())
    return SideAnswer(Side(Path(f"/models/{method}")), opened, answer)


def test_an_answers_boxes_keep_what_the_model_wrote() -> None:
    found = boxes_of(side("a mass", "bf16", 10**9, 10.0).answer)
    assert [box.id for box in found] == ["m0", "m1"]
    assert found.boxes[0].raw == (100, 100, 300, 300)
    assert found.boxes[0].confidence == 0.9
    assert found.boxes[0].marks == ("clipped",)
    assert found.boxes[0].origin == "model"


def test_the_summary_has_times_memories_and_agreement() -> None:
    first, second = side("a mass", "bf16", 2 * 10**9, 10.0), side("a mass", "onnx-int4", 5 * 10**8, 45.0)
    found = boxes_of(first.answer)
    rows = {row.what: row for row in summarize(first, second, compare_boxes(found, found, SIZE), 1.0)}
    assert (rows["peak memory"].first, rows["peak memory"].second) == ("2.0 GB", "500 MB")
    assert rows["peak memory"].change == "0.25 times"
    assert (rows["decoding"].second, rows["decoding"].change) == ("45 tokens/s", "4.50 times")
    assert rows["load"].first == "2.00 s"
    assert rows["boxes"].change == "same number"
    assert rows["box changes"].change == "2 matched, 0 moved, 0 lost, 0 new"
    assert rows["same words"].change == "100.0%"
    assert "noise" not in rows
    noisy = replace(first, again=first.answer)
    last = summarize(noisy, second, compare_boxes(found, found, SIZE), 1.0)[-1]
    assert (last.what, last.change.startswith("within the noise floor")) == ("noise", True)
    slow = {row.what: row for row in summarize(first, side("a", "x", 1, None), compare_boxes(found, found, SIZE), None)}
    assert (slow["decoding"].second, slow["decoding"].change) == ("-", "")
