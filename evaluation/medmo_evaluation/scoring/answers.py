"""Reads closed answers and letters of choices.

``compat`` scores as MedEvalKit does (alibaba-damo-academy/MedEvalKit, 9b12e3b): an answer that names no option counts
as the option whose text is most similar to it. ``fixed`` counts it as wrong, because a model that answers garbage
would otherwise be right by chance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Literal

from medmo_evaluation.datasets.sample import EvaluationSample
from medmo_evaluation.metrics.text_metrics import exact_match, normalize

Mode = Literal["compat", "fixed"]
#: A letter by itself, in brackets or before a full stop or colon, at the start; or after "answer is".
_LEADING = re.compile(r"^\W*([A-Z])(?:$|[^A-Za-z'\u2019])")
_STATED = re.compile(r"(?:answer|option|choice)\s*(?:is|:)?\s*\(?([A-Z])\)?(?![A-Za-z])", re.IGNORECASE)


def parse_yes_no(text: str) -> str | None:
    """Return ``yes`` or ``no`` if the answer says exactly one of them, None otherwise."""
    said = set(normalize(text).split()) & {"yes", "no"}
    return said.pop() if len(said) == 1 else None


def parse_choice(text: str, options: Mapping[str, str], mode: Mode) -> str | None:
    """Return the letter of the option that an answer names.

    Parameters
    ----------
    text : str
    options : mapping of str to str
        Letter to text.
    mode : {"compat", "fixed"}

    Returns
    -------
    str or None
        None if no option is named; never with ``compat``, unless there are no options.
    """
    letters = {letter.upper(): letter for letter in options}
    for pattern in (_LEADING, _STATED):
        found = pattern.search(text.strip())
        if found and found.group(1).upper() in letters:
            return letters[found.group(1).upper()]
    named = [letter for letter, option in options.items() if normalize(option) and exact_match(text, option)]
    if not named:
        words = f" {normalize(text)} "
        named = [
            letter for letter, option in options.items() if normalize(option) and f" {normalize(option)} " in words
        ]
    if len(named) == 1:
        return named[0]
    if mode == "fixed" or not options:
        return None
    return max(options, key=lambda letter: SequenceMatcher(None, text.lower(), options[letter].lower()).ratio())


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
        return parse_choice(text, sample.options, mode) == sample.answer
    if normalize(sample.answer) in ("yes", "no"):
        return parse_yes_no(text) == normalize(sample.answer)
    return exact_match(text, sample.answer)
