"""What decoding could reach: each token needs the decoder's weights and the KV cache read once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np

#: Read by each thread: far more than any cache holds, and read so fast that a pause for it is short.
_PART_BYTES = 256 * 10**6


@dataclass(frozen=True)
class CacheShape:
    """The decoder's shape, as far as the KV cache depends on it."""

    layers: int
    key_value_heads: int
    head_dim: int

    def bytes_read(self, tokens: float, value_bytes: float) -> float:
        """Return the bytes of keys and values of ``tokens`` tokens."""
        return 2 * self.layers * self.key_value_heads * self.head_dim * tokens * value_bytes


def step_bytes(weight_bytes: int, shape: CacheShape, prompt_tokens: int, new_tokens: int, value_bytes: float) -> float:
    """Return the bytes that an average step reads: all weights, and the cache at half of the answer."""
    return weight_bytes + shape.bytes_read(prompt_tokens + new_tokens / 2, value_bytes)


def bound_share(tokens_per_s: float, bytes_per_step: float, bytes_per_s: float) -> float:
    """Return which share of the tokens that reading alone would allow was reached."""
    return tokens_per_s * bytes_per_step / bytes_per_s


class ReadBandwidth:
    """Measures how fast some threads read memory together, each a part of its own.

    Parameters
    ----------
    threads : int
    part_bytes : int
        What each reads.
    """

    def __init__(self, threads: int, part_bytes: int = _PART_BYTES) -> None:
        self._parts = [np.ones(part_bytes // 4, dtype=np.float32) for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads)

    def measure(self) -> float:
        """Return bytes a second, the best of three times."""
        return max(self._once() for _ in range(3))

    def _once(self) -> float:
        began = perf_counter()
        list(self._pool.map(np.max, self._parts))  # as fast as memory: several maxima at a time, without waiting
        return sum(part.nbytes for part in self._parts) / (perf_counter() - began)
