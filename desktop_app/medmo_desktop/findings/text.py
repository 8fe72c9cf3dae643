"""Which characters of an answer belong to which boxes, for linking both ways; free of Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medmo_desktop.findings.marks import BoxSet

_SENTENCE_END = re.compile(r"[\n。]|[.!?](?=\s|\Z)")
#: Characters that a text widget would turn into line breaks or drop, or that would reorder what is read.
_REPLACED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufdd0\\ufdd1]")


@dataclass(frozen=True)
class LinkedSpan:
    """Characters ``start`` to ``end`` of an answer, and the ids of the boxes that they are about.

    ``is_mention`` tells another place with the same label from the phrase that the boxes were written with.
    """

    start: int
    end: int
    box_ids: tuple[str, ...]
    is_mention: bool = False


def shown_text(text: str) -> str:
    """Return an answer as a text widget shows it: control characters become spaces, one for one."""
    return _REPLACED.sub(" ", text)


def linked_spans(text: str, boxes: BoxSet) -> tuple[LinkedSpan, ...]:
    """Return the phrases that boxes were written with and the other mentions of their labels, in reading order.

    Parameters
    ----------
    text : str
    boxes : BoxSet
        Of this text. The user's boxes have no phrase, but their labels may be mentioned.
    """
    phrases: dict[tuple[int, int], list[str]] = {}
    labels: dict[str, list[str]] = {}
    for box in boxes:
        if box.phrase is not None and box.phrase[0] < box.phrase[1] <= len(text):
            phrases.setdefault(box.phrase, []).append(box.id)
        if box.label:
            labels.setdefault((box.model_label or box.label).casefold(), []).append(box.id)
    spans = [LinkedSpan(start, end, tuple(ids)) for (start, end), ids in phrases.items()]
    for label, ids in sorted(labels.items(), key=lambda item: -len(item[0])):
        # Plural of the model's reports: "two nodules" is about the boxes labelled "nodule".
        for match in re.finditer(rf"(?<!\w){re.escape(label)}s?(?!\w)", text, re.IGNORECASE):
            if not any(span.start < match.end() and match.start() < span.end for span in spans):
                spans.append(LinkedSpan(*match.span(), tuple(ids), is_mention=True))
    return tuple(sorted(spans, key=lambda span: (span.start, span.end)))


def span_at(spans: tuple[LinkedSpan, ...], position: int) -> LinkedSpan | None:
    """Return the span that a character lies in; the shortest where several do."""
    around = [span for span in spans if span.start <= position < span.end]
    return min(around, key=lambda span: span.end - span.start, default=None)


def spans_of(spans: tuple[LinkedSpan, ...], box_id: str | None) -> tuple[LinkedSpan, ...]:
    """Return the spans that are about a box."""
    return tuple(span for span in spans if box_id in span.box_ids)


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return start and end of the sentence that holds characters ``start`` to ``end``, its final mark included."""
    before = [match.end() for match in _SENTENCE_END.finditer(text, 0, start)]
    first = before[-1] if before else 0
    after = _SENTENCE_END.search(text, max(start, end - 1))
    last = len(text) if after is None else max(after.end() - (after[0] == "\n"), end)
    while first < start and text[first].isspace():
        first += 1
    return first, last


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, in which Qt counts positions."""
    return len(text) + sum(character > "\uffff" for character in text)


def character_at(text: str, utf16_position: int) -> int:
    """Return the index of the character at a position that Qt counted."""
    units = 0
    for index, character in enumerate(text):
        units += 1 + (character > "\uffff")
        if units > utf16_position:
            return index
    return len(text)
