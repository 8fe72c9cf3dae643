"""Reads closed answers and letters of choices.

``compat`` scores as MedEvalKit does (alibaba-damo-academy/MedEvalKit, 9b12e3b, utils/utils.py), its faults included:
an answer that names no option counts as the option most similar to it, and "no" is found inside of "not" or "nodule".
``fixed`` counts what names no option as wrong, and reads whole words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Literal

from medmo_evaluation.datasets.sample import EvaluationSample
from medmo_evaluation.metrics.text_metrics import exact_match, normalize

Mode = Literal["compat", "fixed"]
#: A letter by itself or before a bracket, full stop or colon, at the start; or after "answer is".
_LEADING = re.compile(r"^\W*([A-Z])(?:$|[^A-Za-z'\u2019])")
_STATED = re.compile(r"(?i:answer|option|choice)\W*(?i:is)?\W*([A-Z])(?![A-Za-z'\u2019])")
#: The letter that an option begins with as its prompt lists it: ``A. ``, ``(A) ``, ``A: ``.
_LABEL = re.compile(r"^\s*\(?([A-Z])[.:)]\s*")
_MARKERS = (
    "**answer**:", "**answer**", "*answer*:", "**answer:**", "answer is", "answer:", "答案:", "final answer",
)  # fmt: skip


def parse_yes_no(text: str) -> str | None:
    """Return ``yes`` or ``no`` if the answer says exactly one of them, None otherwise."""
    said = set(normalize(text).split()) & {"yes", "no"}
    return said.pop() if len(said) == 1 else None


def parse_choice(text: str, options: Mapping[str, str]) -> str | None:
    """Return the letter of the one option that an answer names, None if it names none or several.

    Parameters
    ----------
    text : str
    options : mapping of str to str
        Letter to the option as the prompt lists it.
    """
    for pattern in (_LEADING, _STATED):
        found = pattern.search(text.strip())
        if found and found.group(1).upper() in options:
            return found.group(1).upper()
    texts = {letter: normalize(_LABEL.sub("", option)) for letter, option in options.items()}
    said = normalize(text)
    named = [letter for letter, option in texts.items() if option == said]
    named = named or [letter for letter, option in texts.items() if option and f" {option} " in f" {said} "]
    return named[0] if len(named) == 1 else None


def parse_choice_compat(text: str, options: Mapping[str, str]) -> str | None:
    """Return the letter that MedEvalKit reads from an answer; None only if there are no options."""
    letters = [letter.lower() for letter in options]
    listed = [option.lower() for option in options.values()]
    answer = text.lower()
    paragraphs = answer.split("\n\n")
    if paragraphs[0] in letters:
        answer = paragraphs[0]
    elif paragraphs[-1].split(".")[0] in letters:
        answer = paragraphs[-1].split(".")[0]
    answer = _after_marker(answer).strip().replace("\n", "")
    head = answer.split(".")[0].split(":")[-1]
    if head in letters:
        return head.upper()
    if head in listed:
        return letters[listed.index(head)].upper()
    if not listed:
        return None
    ratios = [SequenceMatcher(None, option, answer).ratio() for option in listed]
    return letters[ratios.index(max(ratios))].upper()


def is_correct(sample: EvaluationSample, text: str, mode: Mode) -> bool:
    """Whether an answer to a closed or a choice question is right.

    Raises
    ------
    ValueError
        If the sample is of another kind or has no true answer.
    """
    if sample.answer is None or sample.scoring not in ("closed", "choice"):
        raise ValueError(f"{sample.id} is not a closed question with a true answer")
    if sample.scoring == "choice":
        parse = parse_choice if mode == "fixed" else parse_choice_compat
        return parse(text, sample.options) == sample.answer
    if mode == "compat":
        return _is_correct_compat(sample.answer.lower(), text)
    if normalize(sample.answer) in ("yes", "no"):
        return parse_yes_no(text) == normalize(sample.answer)
    return exact_match(text, sample.answer)


def _is_correct_compat(answer: str, text: str) -> bool:
    said = _after_marker(text.lower()).replace("\n", "").replace(".", "")
    if answer in ("yes", "no"):
        return (("yes" in said) != ("no" in said)) and answer in said
    return said == answer


def _after_marker(text: str) -> str:
    for marker in _MARKERS:
        text = text.rsplit(marker, 1)[-1]
    return text
