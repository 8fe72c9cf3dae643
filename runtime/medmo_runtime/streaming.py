"""Turns tokens into text as they arrive, without splitting a character, and keeps who wrote what."""

from __future__ import annotations

from typing import Any

#: What a decoder shows for the first bytes of a character whose other bytes have not come yet.
_INCOMPLETE = "\ufffd"


class TextStream:
    """Incremental detokenizer.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._pending: list[int] = []
        self.text = ""
        #: For each token, the end of the text known after it (characters).
        self.ends: list[int] = []

    def push(self, token_id: int) -> str:
        """Add a token and return the characters that became certain."""
        self._pending.append(token_id)
        piece = self._decode(self._pending)
        if piece.endswith(_INCOMPLETE) and len(self._pending) < 8:
            piece = ""
        else:
            self._pending.clear()
        self.text += piece
        self.ends.append(len(self.text))
        return piece

    def finish(self) -> str:
        """Return what is left when the answer ends within a character."""
        piece = self._decode(self._pending) if self._pending else ""
        self._pending.clear()
        self.text += piece
        return piece

    def tokens_in(self, start: int, end: int) -> range:
        """Return the indices of the tokens whose text overlaps characters ``start`` to ``end``."""
        first = next((i for i, stop in enumerate(self.ends) if stop > start), len(self.ends))
        last = next((i for i, stop in enumerate(self.ends) if stop >= end), len(self.ends) - 1)
        return range(first, last + 1)

    def _decode(self, ids: list[int]) -> str:
        decoded: str = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return decoded
