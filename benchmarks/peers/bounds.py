"""What decoding could reach: each token needs the decoder's weights and the KV cache read once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

#: Read by each thread: far more than any cache holds.
_PART_BYTES = 10**9


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


def read_bandwidth(threads: int, part_bytes: int = _PART_BYTES, repeats: int = 5) -> float:
    """Return how many bytes a second ``threads`` threads read together, each a part of its own; the best of some."""
    parts = [np.ones(part_bytes // 4, dtype=np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        return max(_bytes_per_s(pool, parts) for _ in range(repeats))


def _bytes_per_s(pool: ThreadPoolExecutor, parts: list[np.ndarray[Any, np.dtype[np.float32]]]) -> float:
    began = perf_counter()
    list(pool.map(np.max, parts))  # as fast as memory: several maxima at a time, without waiting for one another
    return sum(part.nbytes for part in parts) / (perf_counter() - began)
