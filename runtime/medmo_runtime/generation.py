"""What a backend is asked and what it gives back: plain data, free of torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from medmo_models.preprocessing import PreparedPrompt

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True)
class GeneratedToken:
    """One token as it is produced.

    Attributes
    ----------
    id : int
    probability : float
        The model's probability of this token (0 to 1), before any sampling change.
    """

    id: int
    probability: float


#: Called after each token; returning False stops before the next one.
TokenCallback = Callable[[GeneratedToken], bool]
#: Called with each piece of text; returning False cancels before the next token.
TextCallback = Callable[[str], bool]
#: Called when a phase begins: ``vision``, ``prefill`` or ``decode``.
PhaseCallback = Callable[[str], None]


class StopSignal:
    """Asks a running answer to stop; may be set from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listener: Callable[[], None] | None = None

    def set(self) -> None:
        """Stop the answer that runs, and whatever is asked with this signal later."""
        self._event.set()
        with self._lock:
            if self._listener is not None:
                self._listener()

    @property
    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._event.is_set()

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call ``listener`` from the thread that sets the signal, while the ``with`` block runs."""
        with self._lock:
            self._listener = listener
        try:
            yield
        finally:
            with self._lock:
                self._listener = None


@dataclass(frozen=True)
class Generation:
    """The tokens of one answer and what they cost.

    Attributes
    ----------
    tokens : tuple of GeneratedToken
        Without the end-of-sequence token.
    finish_reason : str
        ``stop`` (the model ended), ``length`` (the limit) or ``cancelled``, which also means stopped before the first.
    vision_s, prefill_s, decode_s : float
        Seconds; prefill ends with the first token, decode covers the others.
    peak_memory_bytes : int
        Highest memory of the device (GPU), or of the process so far (CPU).
    cached_tokens : int
        Tokens of the prompt that were in the KV cache already.
    """

    tokens: tuple[GeneratedToken, ...]
    finish_reason: FinishReason
    vision_s: float
    prefill_s: float
    decode_s: float
    peak_memory_bytes: int
    cached_tokens: int = 0

    @property
    def decode_tokens_per_s(self) -> float | None:
        """Tokens after the first one per second of decoding; None with fewer than two tokens."""
        if len(self.tokens) < 2 or self.decode_s <= 0:
            return None
        return (len(self.tokens) - 1) / self.decode_s


class LoadedModel(Protocol):
    """A model in memory on one device, ready to answer."""

    def generate(
        self,
        prompt: PreparedPrompt,
        max_new_tokens: int,
        on_token: TokenCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Generation:
        """Decode greedily until the model ends, the limit is reached or ``on_token`` returns False.

        ``stop`` ends it in every phase; the answer then has the tokens made so far.
        """
        ...

    def prepare(self, prompt: PreparedPrompt, shared: int) -> None:
        """Work ahead on the first ``shared`` tokens of ``prompt``, which a later prompt will begin with.

        A backend that keeps nothing between prompts does nothing.
        """
        ...

    def keep_images(self, folder: Path) -> None:
        """Keep encoded images in a folder from now on, for later runs; nothing if this backend keeps none."""
        ...

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        """Return the logits from position ``first`` of ``prompt`` on, shape (length - first, vocabulary)."""
        ...

    def close(self) -> None:
        """Free the memory; the model cannot be used afterwards."""
        ...
