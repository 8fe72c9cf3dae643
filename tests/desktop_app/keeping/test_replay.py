from __future__ import annotations

from dataclasses import replace

import pytest

from medmo_desktop.keeping.case_file import Case
from medmo_desktop.keeping.replay import compare_answers, replay, replay_request
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels
from medmo_runtime.answer import AnswerFinding
from support.cases import make_case, noise


@pytest.fixture
def case() -> Case:
    image = image_from_pixels(noise())
    return Case(make_case(image), (image,))


def test_the_same_answer_is_identical(case: Case) -> None:
    difference = compare_answers(case, case.record.answer, (5, 6, 7), case.record.model)
    assert difference.identical
    assert difference.first_different_token is None
    assert [box.iou for box in difference.boxes] == pytest.approx([1.0, 1.0])
    assert difference.verdict.startswith("Identical")


def test_lost_new_and_moved_boxes_are_told_apart(case: Case) -> None:
    answer = case.record.answer
    nodule, effusion = answer.findings
    x1, y1, x2, y2 = nodule.boxes[0].pixels
    moved = replace(nodule.boxes[0], pixels=(x1 + 3, y1 + 4, x2 + 1, y2 - 2))
    other = replace(
        answer,
        text=answer.text.replace("an effusion", "a scar"),
        findings=(replace(nodule, boxes=(moved,)), AnswerFinding("scar", effusion.boxes)),
    )
    difference = compare_answers(case, other, (5, 9), case.record.model)
    assert not difference.identical
    assert (difference.same_text, difference.same_tokens, difference.first_different_token) == (False, False, 1)
    shifted, lost, new = difference.boxes
    assert shifted.corner_shift == pytest.approx(5)
    assert shifted.iou is not None
    assert 0 < shifted.iou < 1
    assert (lost.label, lost.after) == ("pleural effusion", None)
    assert (new.label, new.before) == ("scar", None)
    assert difference.verdict == "Different: boxes matched 1, lost 1, new 1; largest corner shift 5.0 px."
    assert [piece.text for piece in difference.words if piece.kind == "new"] == ["a", "scar"]


def test_a_shorter_answer_differs_where_it_ends(case: Case) -> None:
    assert compare_answers(case, case.record.answer, (5, 6), case.record.model).first_different_token == 2


def test_without_tokens_the_text_decides(case: Case) -> None:
    untold = Case(replace(case.record, tokens=None), case.images)
    difference = compare_answers(untold, case.record.answer, (1, 2, 3), case.record.model)
    assert difference.same_tokens is None
    assert difference.identical


@pytest.mark.parametrize(
    ("same_model", "backend", "expected"),
    [
        (True, None, ("gptq", "cuda:0", "float16")),
        (True, "gptq", ("gptq", None, "float16")),
        (True, "onnx", ("onnx", None, None)),
        (False, None, (None, None, None)),
    ],
)
def test_what_is_loaded_is_what_answered_unless_told_otherwise(
    case: Case, same_model: bool, backend: str | None, expected: tuple[str | None, ...]
) -> None:
    request = replay_request(case, [], same_model=same_model, backend=backend)
    assert (request.backend, request.device, request.dtype) == expected
    assert (request.new_tokens, request.max_pixels, request.preprocessing) == (512, None, "standard")


def test_a_stopped_answer_cannot_be_compared(case: Case) -> None:
    answer = replace(case.record.answer, stats=replace(case.record.answer.stats, finish_reason="cancelled"))
    stopped = Case(replace(case.record, answer=answer), case.images)
    with pytest.raises(InputError, match="stopped"):
        replay(stopped, replay_request(stopped, [], same_model=True))
