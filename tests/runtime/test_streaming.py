"""Text as it arrives: no character is split, none is lost, and every character knows its token."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medmo_runtime.streaming import TextStream
from support.checkpoints import shared_tokenizer

REPLACEMENT = "\ufffd"
TEXTS = [
    "Nodule <box>[[105, 240, 456, 980]]</box>",
    "Größe: 3 cm, Ödem links",
    "肺结节 at the left",
    "🫁 and 👩‍⚕️",
    "é",
    "two  spaces \n\n end ",
]


def byte_token(value: int) -> int:
    """Return the token of one byte: byte-level vocabularies show each byte as a printable character."""
    token = shared_tokenizer().convert_tokens_to_ids(byte_alphabet()[value])
    assert isinstance(token, int)
    return token


def byte_alphabet() -> list[str]:
    """Return the character of each byte, by GPT-2's rule: printable Latin-1 stays, the rest follows from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in printable]
    return [chr(value) if value in printable else chr(256 + others.index(value)) for value in range(256)]


def tokens_of(text: str) -> list[int]:
    ids: list[int] = shared_tokenizer()(text, add_special_tokens=False)["input_ids"]
    return ids


def stream_bytes(content: bytes) -> tuple[TextStream, list[str]]:
    stream = TextStream(shared_tokenizer())
    return stream, [stream.push(byte_token(value)) for value in content]


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_make_up_the_text(text: str) -> None:
    stream = TextStream(shared_tokenizer())
    pieces = [stream.push(token) for token in tokens_of(text)]
    assert stream.finish() == ""
    assert "".join(pieces) == stream.text == text
    assert REPLACEMENT not in stream.text


@pytest.mark.parametrize("text", TEXTS)
def test_text_in_single_bytes_arrives_character_by_character(text: str) -> None:
    stream, pieces = stream_bytes(text.encode())
    assert [piece for piece in pieces if piece] == list(text)
    assert stream.finish() == ""
    assert stream.text == text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=7))
def test_any_bytes_end_as_the_tokenizer_reads_them(content: bytes) -> None:
    stream, pieces = stream_bytes(content)
    tail = stream.finish()
    assert "".join(pieces) + tail == stream.text
    assert stream.text == content.decode(errors="replace")


def test_half_a_character_at_the_end_comes_last_and_is_marked() -> None:
    stream, pieces = stream_bytes("ok 肺".encode()[:-1])
    assert "".join(pieces) == "ok "
    assert stream.finish() == REPLACEMENT
    assert stream.finish() == ""
    assert stream.text == "ok " + REPLACEMENT


def test_a_broken_character_does_not_take_the_next_one_with_it() -> None:
    stream, pieces = stream_bytes("肺".encode()[:2] + b"a1")
    assert pieces == ["", "", REPLACEMENT + "a", "1"]
    assert stream.finish() == ""


def test_endless_invalid_bytes_are_not_held_back_for_ever() -> None:
    stream, _ = stream_bytes(b"\x80" * 30)
    assert len(stream.text) >= 22
    stream.finish()
    assert stream.text == REPLACEMENT * 30


def test_special_tokens_are_silent() -> None:
    stream = TextStream(shared_tokenizer())
    pieces = [stream.push(token) for token in tokens_of("<|box_start|>1<|box_end|> a<|im_end|>")]
    assert "".join(pieces) == stream.text == "1 a"
    assert len(stream.ends) == len(pieces)


def overlapping(stream: TextStream, start: int, end: int) -> list[int]:
    """Return the tokens whose own characters overlap, by comparing each."""
    begins = [0, *stream.ends[:-1]]
    return [
        index
        for index, (first, last) in enumerate(zip(begins, stream.ends, strict=True))
        if max(first, start) < min(last, end)
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_in_a_span_are_those_that_wrote_it(text: str) -> None:
    for stream in (stream_bytes(text.encode())[0], TextStream(shared_tokenizer())):
        if not stream.ends:
            for token in tokens_of(text):
                stream.push(token)
        assert stream.ends == sorted(stream.ends)
        assert stream.ends[-1] == len(text)
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                found, expected = stream.tokens_in(start, end), overlapping(stream, start, end)
                # Between the first and the last there may be tokens that brought part of a character.
                assert (found[0], found[-1]) == (expected[0], expected[-1])
                assert set(expected) <= set(found)


def test_tokens_in_the_digits_of_a_box_are_its_digits() -> None:
    text = "Cyst <box>[[105, 240, 456, 980]]</box>"
    stream = TextStream(shared_tokenizer())
    ids = tokens_of(text)
    for token in ids:
        stream.push(token)
    start = text.index("456")
    found = stream.tokens_in(start, start + 3)
    assert shared_tokenizer().decode([ids[index] for index in found]) == "456"
    assert len(found) == 3
