"""The difference of two answers, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True)
class Piece:
    """A run of words: in both answers, only in the reference's (``lost``) or only in the other (``new``)."""

    kind: Literal["same", "lost", "new"]
    text: str

    @property
    def words(self) -> int:
        """Words and punctuation marks; blanks do not count."""
        return len(re.findall(r"\w+|[^\w\s]", self.text))


def word_diff(reference: str, text: str) -> list[Piece]:
    """Return the pieces that turn the reference's answer into the other one."""
    first, second = (re.findall(r"\s+|\w+|[^\w\s]", part) for part in (reference, text))
    pieces: list[Piece] = []
    for operation, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if operation == "equal":
            pieces.append(Piece("same", "".join(first[a:b])))
            continue
        if b > a:
            pieces.append(Piece("lost", "".join(first[a:b])))
        if d > c:
            pieces.append(Piece("new", "".join(second[c:d])))
    return pieces
