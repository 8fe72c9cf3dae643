"""Characters of an answer and the boxes they are about."""

from __future__ import annotations

from medmo_desktop.findings.reading import read_boxes
from medmo_desktop.findings.text import (
    character_at,
    linked_spans,
    sentence_around,
    shown_text,
    span_at,
    spans_of,
    utf16_length,
)

TEXT = "There is a nodule <box>[[1, 2, 3, 4]]</box>. A mass <box>[[5, 6, 7, 8]]</box>. Two nodules in all; nodular."


def test_phrases_and_other_mentions_lead_to_boxes_and_back() -> None:
    boxes = read_boxes(TEXT, (100, 100), None, "relative-1000")
    spans = linked_spans(TEXT, boxes)
    assert [(TEXT[s.start : s.end], s.box_ids, s.is_mention) for s in spans] == [
        ("nodule <box>[[1, 2, 3, 4]]</box>", ("m0",), False),
        ("mass <box>[[5, 6, 7, 8]]</box>", ("m1",), False),
        ("nodules", ("m0",), True),
    ]
    assert span_at(spans, TEXT.index("[[1")) == spans[0]
    assert span_at(spans, 0) is None
    assert spans_of(spans, "m0") == (spans[0], spans[2])
    assert spans_of(spans, None) == ()


def test_a_users_label_is_found_where_it_is_mentioned() -> None:
    boxes = read_boxes("", (100, 100), None, "relative-1000").added("mass", (1, 2, 3, 4))
    (span,) = linked_spans("A MASS is seen.", boxes)
    assert (span.start, span.end, span.is_mention) == (2, 6, True)


def test_the_sentence_around_a_phrase() -> None:
    start = TEXT.index("mass")
    first, last = sentence_around(TEXT, start, TEXT.index("</box>. Two"))
    assert TEXT[first:last] == "A mass <box>[[5, 6, 7, 8]]</box>."
    assert sentence_around("one two", 0, 3) == (0, 7)


def test_text_that_would_move_or_hide_characters_is_made_harmless_in_place() -> None:
    text = "a\r\nb\u2028c\u202ed\x00e\tf"
    shown = shown_text(text)
    assert len(shown) == len(text)
    assert shown == "a \nb c d e\tf"


def test_positions_count_as_qt_counts_them() -> None:
    text = "a😀b"
    assert utf16_length(text) == 4
    assert [character_at(text, position) for position in range(5)] == [0, 1, 1, 2, 3]
