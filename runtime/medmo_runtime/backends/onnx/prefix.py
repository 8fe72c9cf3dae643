"""What a prompt shares with the tokens that are in the KV cache."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_models.preprocessing import PreparedPrompt


def image_digest(pixels: NDArray[np.float32], grid: NDArray[np.int64]) -> bytes:
    """Return the SHA-256 of an image as the model reads it: its patches and its grid."""
    digest = hashlib.sha256(np.ascontiguousarray(grid).tobytes())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.digest()


@dataclass(frozen=True)
class PromptKeys:
    """One key per token: equal keys from the start on mean equal keys and values in the cache.

    Attributes
    ----------
    keys : ndarray of int64, shape (length,)
        The id of a text token; a number made from the image's digest for an image token.
    digests : tuple of bytes
        `image_digest` of each image.
    image_ends : tuple of int
        Place after each image's last token.
    """

    keys: NDArray[np.int64]
    digests: tuple[bytes, ...]
    image_ends: tuple[int, ...]


def prompt_keys(prompt: PreparedPrompt, merge: int) -> PromptKeys:
    """Return the keys of a prompt; ``merge`` is the patches per side of an image token."""
    keys = prompt.input_ids.copy()
    places = np.flatnonzero(prompt.token_types)
    digests, ends, used = [], [], 0
    for pixels, grid in prompt.each_image():
        count = int(grid.prod()) // merge**2
        own = places[used : used + count]
        used += count
        digests.append(image_digest(pixels, grid))
        # Negative, so that no token id is meant; 63 bits of the digest tell images apart.
        keys[own] = -1 - (int.from_bytes(digests[-1][:8], "little") >> 1)
        ends.append(int(own[-1]) + 1)
    return PromptKeys(keys, tuple(digests), tuple(ends))


def shared_length(first: NDArray[np.int64], second: NDArray[np.int64]) -> int:
    """Return how many keys two sequences have in common from the start on."""
    length = min(len(first), len(second))
    different = np.flatnonzero(first[:length] != second[:length])
    return int(different[0]) if len(different) else length
