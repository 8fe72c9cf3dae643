"""The KV cache inside of the decoder: which places of its state count, without a copy when an answer is taken back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

#: What is added to a score that must not count.
_NEVER = np.finfo(np.float32).min
#: Places that do not count any more are cleared away when they are this many and more than those that count.
_CLEARED_FROM = 256


class StateCache:
    """The decoder's state.

    The plug-in only ever appends to it. A token that is taken back keeps its place and is masked out; angles of tokens
    come from the host, so a place says nothing of a position.

    Parameters
    ----------
    release : callable
        Frees the state.
    """

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._counts: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self.interrupted = False

    @property
    def capacity(self) -> int:
        """No limit: the plug-in makes room itself."""
        return sys.maxsize

    @property
    def places(self) -> int:
        """Places in the state, those that do not count among them."""
        return len(self._counts)

    @property
    def length(self) -> int:
        """Tokens that count."""
        return int(self._counts.sum())

    @length.setter
    def length(self, tokens: int) -> None:
        self._counts[np.flatnonzero(self._counts)[tokens:]] = False
        if tokens == 0 and self.places:
            self._release()
            self.clear()

    @property
    def wants_clearing(self) -> bool:
        """Whether the state has to be rewritten before the next run."""
        wasted = self.places - self.length
        return self.interrupted or wasted > max(_CLEARED_FROM, self.length)

    @property
    def counting(self) -> NDArray[np.int64]:
        """The places that count."""
        return np.flatnonzero(self._counts)

    def clear(self) -> None:
        """Forget every place."""
        self.keep(0)

    def keep(self, tokens: int) -> None:
        """Note that the state was rewritten and has ``tokens`` places, which all count."""
        self._counts = np.ones(tokens, dtype=np.bool_)
        self.interrupted = False

    def mask(self, new: int) -> NDArray[np.float32]:
        """Return what is added to the scores of ``new`` tokens that follow, shape (1, 1, new, places + new)."""
        mask = np.zeros((new, self.places + new), dtype=np.float32)
        mask[:, : self.places][:, ~self._counts] = _NEVER
        mask[:, self.places :][np.triu_indices(new, 1)] = _NEVER
        return mask[None, None]

    def add(self, new: int) -> None:
        """Note that a run appended ``new`` tokens."""
        self._counts = np.append(self._counts, np.ones(new, dtype=np.bool_))

    def copy_from(self, other: Self) -> None:
        """Never needed: there is no limit to grow beyond."""
        raise NotImplementedError

    def release(self) -> None:
        """Free the state's memory."""
        self._release()
        self.clear()
