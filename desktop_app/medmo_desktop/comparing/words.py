"""The words of two answers: what both say, what only the first says, and what only the second. Free of Qt."""

from __future__ import annotations

import html
from collections.abc import Sequence

from medmo_runtime.text_diff import Piece, word_diff

__all__ = ["Piece", "agreement", "as_html", "word_diff"]

#: Lost words are struck out and new ones underlined, so that colour is not needed to tell them apart.
_TAGS = {"lost": ("<s>", "</s>"), "new": ("<u><b>", "</b></u>")}


def agreement(pieces: Sequence[Piece]) -> float | None:
    """Return the share of words, of both answers together, that both have; None if neither has any.

    It is difflib's ratio over words and punctuation marks: 2 M / T (Python library reference, difflib).
    """
    counts = dict.fromkeys(("same", "lost", "new"), 0)
    for piece in pieces:
        counts[piece.kind] += piece.words
    total = 2 * counts["same"] + counts["lost"] + counts["new"]
    return 2 * counts["same"] / total if total else None


def as_html(pieces: Sequence[Piece], lost_color: str, new_color: str) -> str:
    """Return both texts in one, as HTML: lost words struck out, new ones bold and underlined.

    Parameters
    ----------
    pieces : sequence of Piece
    lost_color, new_color : str
        CSS colours that are readable on the background.
    """
    colors = {"lost": lost_color, "new": new_color}
    parts = []
    for piece in pieces:
        text = html.escape(piece.text).replace("\n", "<br>")
        if piece.kind == "same":
            parts.append(text)
        else:
            begin, end = _TAGS[piece.kind]
            parts.append(f'<span style="color: {colors[piece.kind]}">{begin}{text}{end}</span>')
    return "".join(parts)
