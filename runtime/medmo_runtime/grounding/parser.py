"""The parser of grounded answers.

Formats: MedMO's own ``label <box>[[x1, y1, x2, y2], ...]</box>`` (README of genmilab/MedMO, commit 4a9f45d), Qwen3-VL's
JSON objects with ``bbox_2d`` and ``label``, and the special tokens of earlier Qwen-VL models, also where the decoder
has stripped them and only ``(x1,y1),(x2,y2)`` is left. Numbers in any other place are prose.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import get_args

from medmo_models.coordinates import CoordinateSpace
from medmo_runtime.grounding.boxes import make_box
from medmo_runtime.grounding.labels import clean_label, find_label
from medmo_runtime.grounding.lexer import OBJECT, PROSE, blank_thinking, cut_unfinished_tag, fold_width
from medmo_runtime.grounding.number_blocks import NumberBlock, read_numbers
from medmo_runtime.grounding.repeats import collapse_repeats
from medmo_runtime.grounding.results import AnswerMark, Box, Finding, Grounding

_BOX_KEYS = ("bbox_2d", "bbox")
_LABEL_KEY = "label"


def parse_grounding(text: str, *, coordinate_space: CoordinateSpace = "relative-1000") -> Grounding:
    """Read labels and boxes from a model's answer.

    Parameters
    ----------
    text : str
        The answer as decoded, with or without special tokens. Thoughts in it are skipped.
    coordinate_space : CoordinateSpace
        The unit in which the model writes, from its spec.

    Returns
    -------
    Grounding
        Never an error, whatever the text; takes time in proportion to the text's length. Zero boxes mean that there is
        nothing to box. A box directly after another, with no label between, belongs to the same finding.
    """
    return _Parser(text, coordinate_space).parse()


@dataclass
class _Draft:
    """A finding, or a JSON object that may become one, while it is being read."""

    start: int
    end: int
    label: str = ""
    boxes: list[Box] = field(default_factory=list)
    has_box_key: bool = False
    has_zero_box: bool = False
    key: str = ""


class _Parser:
    def __init__(self, text: str, space: CoordinateSpace) -> None:
        folded = fold_width(text)
        answer = cut_unfinished_tag(folded)
        self._text, in_thought = blank_thinking(answer)
        self._space = space
        self._position = 0
        self._gap_start = 0
        self._open_arrays = 0
        self._objects: list[_Draft] = []
        self._drafts: list[_Draft] = []
        self._marks: set[AnswerMark] = {"truncated"} if in_thought or len(answer) < len(folded) else set()

    def parse(self) -> Grounding:
        while True:
            pattern = OBJECT if self._objects else PROSE
            token = pattern.search(self._text, self._position)
            if token is None:
                break
            self._position = token.end()
            if self._objects:
                self._read_in_object(token)
            else:
                self._read_in_prose(token)
        if self._objects or self._open_arrays:
            self._marks.add("truncated")
        for record in self._objects:
            self._finish_object(record)
        drafts = [draft for draft in self._drafts if draft.boxes or (draft.label and not draft.has_zero_box)]
        findings, loop = collapse_repeats(
            Finding(draft.label, tuple(draft.boxes), (draft.start, draft.end)) for draft in drafts
        )
        if loop:
            self._marks.add("loop")
        return Grounding(findings, tuple(mark for mark in get_args(AnswerMark) if mark in self._marks))

    def _read_in_prose(self, token: re.Match[str]) -> None:
        match token.lastgroup:
            case "box_open":
                self._add_labelled(token.start(), read_numbers(self._text, token.end(), len(self._text), kind="tag"))
            case "points":
                self._add_labelled(token.start(), read_numbers(self._text, token.start(), token.end(), kind="points"))
            case "cut_points":
                self._add_labelled(token.start(), read_numbers(self._text, token.start(), token.end(), kind="tag"))
            case "object":
                self._objects.append(_Draft(token.start(), token.end()))
            case "array":
                self._open_arrays += 1
            case "array_end":
                self._open_arrays = max(0, self._open_arrays - 1)
            case _:  # a closing tag or a JSON key on its own
                self._marks.add("malformed")
                self._gap_start = token.end()

    def _read_in_object(self, token: re.Match[str]) -> None:
        record = self._objects[-1]
        match token.lastgroup:
            case "box_open":
                self._add_numbers(record, read_numbers(self._text, token.end(), len(self._text), kind="tag"))
            case "object":
                self._objects.append(_Draft(token.start(), token.end()))
            case "object_end":
                self._finish_object(self._objects.pop())
            case "string":
                self._read_string(record, token)
            case _:
                self._marks.add("malformed")

    def _read_string(self, record: _Draft, token: re.Match[str]) -> None:
        content = token["content"]
        if token["closed"] is None:
            self._marks.add("truncated" if token.end() == len(self._text) else "malformed")
        elif token["key"] is None:
            if record.key == _LABEL_KEY:
                record.label = clean_label(_unescape(content))
        else:
            record.key = content
            if content in _BOX_KEYS:
                record.has_box_key = True
                self._add_numbers(record, read_numbers(self._text, token.end(), len(self._text), kind="json"))

    def _add_labelled(self, start: int, block: NumberBlock) -> None:
        label, label_start = find_label(self._text[self._gap_start : start])
        if label or not self._drafts:
            draft = _Draft(self._gap_start + label_start, start, label)
            self._drafts.append(draft)
        else:
            draft = self._drafts[-1]
        self._add_numbers(draft, block)
        draft.end = self._gap_start = block.label_start

    def _add_numbers(self, draft: _Draft, block: NumberBlock) -> None:
        self._position = block.end
        if block.malformed:
            self._marks.add("malformed")
        if block.truncated:
            self._marks.add("truncated")
        for quad in block.quads:
            if quad.is_zero:
                draft.has_zero_box = True
            elif (box := make_box(quad, self._space)) is not None:
                draft.boxes.append(box)
            else:
                self._marks.add("malformed")

    def _finish_object(self, record: _Draft) -> None:
        record.end = max(record.end, self._position)
        self._gap_start = record.end
        if record.has_box_key or record.boxes:
            self._drafts.append(record)


def _unescape(content: str) -> str:
    try:
        return str(json.loads(f'"{content}"', strict=False))
    except ValueError:  # not an escape that JSON knows, such as a backslash before a letter
        return content
