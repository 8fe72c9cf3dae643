"""Finds the label of a box in the text before it.

A label is the content of the last ``<ref>`` element, or else the end of the last sentence: bullets, quotes, bold,
separators and the small words around a name are cut off, so that "There is a nodule at <box>" is about "nodule" and
"A: <box>" about "A". What stands inside the label is left alone: "Mass, right lower lobe" stays whole.
"""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"(?:<ref>|<\|object_ref_start\|>)([^<]*+)(?:</ref>|<\|object_ref_end\|>)", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z|][^<>\s]{0,30}>", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*\*|__|```\w*")
_SENTENCE_END = re.compile(r"[\n。]|[.!?](?=\s)")
_NUMBERED = re.compile(r"\s*[0-9]{1,3}[.)]\s+")
_EDGE = " \t\r\n,;:.!?-*_#|`'\"•·—“”\u2013\u2018\u2019"
_START_EDGE = _EDGE + "+)]}>】"
_END_EDGE = _EDGE + "([{<【"
_FIRST_WORD = re.compile(
    "a|also|an|and|are|i|image|is|located|or|see|seen|showing|shows|then|there|this|the|was|we|were|with", re.IGNORECASE
)
_LAST_WORD = re.compile("and|are|at|by|here|in|is|located|near|of|or|seen|the|was|were|with|within", re.IGNORECASE)


def find_label(gap: str) -> tuple[str, int]:
    """Find a box's label in the text between the previous box and this one.

    Parameters
    ----------
    gap : str
        Folded by `medmo_runtime.grounding.lexer.fold_width`, so that one label has one spelling.

    Returns
    -------
    str
        The label, on one line and printable; empty if the gap holds nothing but separators.
    int
        Where in ``gap`` the label's phrase begins; the gap's length if there is no label.
    """
    references = list(_REFERENCE.finditer(gap))
    if references:
        return clean_label(references[-1][1]), references[-1].start()
    text = _EMPHASIS.sub("", _TAG.sub(" ", gap)).rstrip(_END_EDGE)
    sentence_start = 0
    for sentence_end in _SENTENCE_END.finditer(text):
        sentence_start = sentence_end.end()
    sentence = text[sentence_start:]
    if (number := _NUMBERED.match(sentence)) is not None:
        sentence = sentence[number.end() :]
    words = _without_small_words(sentence.lstrip(_START_EDGE).split())
    label = clean_label(" ".join(words))
    return label, max(0, gap.rfind(words[0])) if label else len(gap)


def clean_label(text: str) -> str:
    """Put a label on one line, without characters that a terminal would obey and without separators around it."""
    line = " ".join(text.split())
    return "".join(filter(str.isprintable, line)).lstrip(_START_EDGE).rstrip(_END_EDGE)


def _without_small_words(words: list[str]) -> list[str]:
    """Cut small words off both ends; a single letter left alone is a name, as in "A: <box>"."""

    def is_small(index: int, small_words: re.Pattern[str]) -> bool:
        word = words[index].strip(_EDGE)
        return small_words.fullmatch(word) is not None and not (end - start == 1 and len(word) == 1)

    start, end = 0, len(words)
    while start < end and is_small(start, _FIRST_WORD):
        start += 1
    while start < end and is_small(end - 1, _LAST_WORD):
        end -= 1
    return words[start:end]
