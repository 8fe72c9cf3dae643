"""A KV cache in 8 bits, with one scale per channel that grows with what prompts bring."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.cache import KeyValueCache, LayerBuffers, Placement
from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.specs import Architecture

_LARGEST = 127
#: Where something was cut off, channels with values this large are given more room, too.
_NEARLY_LARGEST = 112
#: How much larger than what has been seen a key or value may be before its channel's scale has to grow.
_MARGIN = 1.25


def channel_ranges(values: NDArray[np.float32], *, rotated: bool) -> NDArray[np.float32]:
    """Return how large each channel may become.

    Keys turn with their position, each channel with the one half of the head away: at another position either may be as
    large as both together.

    Parameters
    ----------
    values : ndarray of float32, shape (heads, tokens, head_dim)
    rotated : bool
        Whether they are keys.

    Returns
    -------
    ndarray of float32, shape (heads * head_dim,)
    """
    if not rotated:
        largest: NDArray[np.float32] = np.maximum(values.max(axis=1), -values.min(axis=1))
        return largest.reshape(-1)
    half = values.shape[-1] // 2
    # Head by head, so that what is computed in between stays small.
    squares = [(head[:, :half] ** 2 + head[:, half:] ** 2).max(axis=0) for head in values]
    return np.concatenate([np.sqrt(square) for square in squares for _ in range(2)])


def scales_for(ranges: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scales of channels with such ranges, with a margin."""
    scales: NDArray[np.float32] = np.maximum(ranges * np.float32(_MARGIN / _LARGEST), np.finfo(np.float16).tiny)
    return scales


class EightBitCache(KeyValueCache):
    """Keys and values as int8, to be multiplied by ``scales``; on the CPU.

    The two channels of a key that turn with each other have one scale, so that keys may be divided by it before they
    are turned.

    A channel's scale grows when a prompt adds something larger than it can hold, and what the channel holds is rounded
    anew. A single token of an answer is cut off instead, at 1.25 times what was seen before or more: an answer must not
    change what the same prompt is answered next time.

    Parameters
    ----------
    shape : Architecture
    capacity : int
    scales : ndarray of float32, shape (2 * layers, key/value heads * head_dim)
        To begin with: keys and values of each layer in turn.

    Attributes
    ----------
    scales : ndarray of float32, shape (2 * layers, key/value heads * head_dim)
    """

    def __init__(self, shape: Architecture, capacity: int, scales: NDArray[np.float32]) -> None:
        super().__init__(shape, capacity, Placement(), np.int8)
        self.scales = scales.copy()

    def copy_from(self, other: KeyValueCache) -> None:
        """Take over everything of a smaller cache."""
        super().copy_from(other)
        if isinstance(other, EightBitCache):
            self.scales[...] = other.scales

    def outgrown(self, end: int) -> bool:
        """Double the scales of the channels in which a prompt's values, up to place ``end``, were cut off.

        Those in which they were nearly cut off grow with them: the next run's values differ a little, and one that then
        is beyond the edge would need one more run (2 or 3 runs in place of 6 to 8 at the 4B shape).
        """
        if end == self.length + 1:
            return False
        written = self.values[:, 0, :, self.length : end]
        if written.max(initial=0) < _LARGEST and written.min(initial=0) > -_LARGEST:
            return False
        near: NDArray[np.bool_] = (written >= _NEARLY_LARGEST) | (written <= -_NEARLY_LARGEST)
        grows = np.any(near, axis=2)
        grows[::2] |= np.roll(grows[::2], grows.shape[-1] // 2, axis=-1)  # keys turn with the other half's channel
        grows = grows.reshape(self.scales.shape)
        for row in range(len(grows)):
            if grows[row].any():
                self.rescale(row, np.where(grows[row], 2 * self.scales[row], self.scales[row]).astype(np.float32))
        return True

    def rescale(self, row: int, scales: NDArray[np.float32]) -> None:
        """Give a layer's keys or values other scales, and round what is there to them."""
        held = self.values[row, 0, :, : self.length]
        if held.size:
            factors = (self.scales[row] / scales).reshape(len(held), 1, -1)
            held[...] = np.rint(held * factors)
        self.scales[row] = scales

    def layers(self) -> LayerBuffers:
        """Return buffers in float32 for one layer after another, which are rounded when a layer is done."""
        return _WidenedLayers(self)


class _WidenedLayers(LayerBuffers):
    """One layer's keys and values in float32."""

    _cache: EightBitCache

    def __init__(self, cache: EightBitCache) -> None:
        super().__init__(cache)
        # Attention takes as many places as the rotary tables have.
        self._values = np.zeros((2, *cache.values.shape[1:]), np.float32)
        make = import_onnxruntime().OrtValue.ortvalue_from_numpy
        self._buffers = tuple(make(values) for values in self._values)

    def open(self, layer: int) -> tuple[Any, Any]:
        cache = self._cache
        if cache.length:
            for row, values in enumerate(self._values, 2 * layer):
                held = cache.values[row, 0, :, : cache.length]
                np.multiply(held, cache.scales[row].reshape(len(held), 1, -1), out=values[0, :, : cache.length])
        return self._buffers[0], self._buffers[1]

    def keep(self, layer: int, count: int) -> None:
        with ThreadPoolExecutor(2) as pool:
            for job in [pool.submit(self._round, layer, kind, count) for kind in range(2)]:
                job.result()

    def _round(self, layer: int, kind: int, count: int) -> None:
        """Keep a layer's new keys (``kind`` 0) or values (1)."""
        cache, row = self._cache, 2 * layer + kind
        added = self._values[kind, 0, :, cache.length : cache.length + count]
        scales = np.maximum(scales_for(channel_ranges(added, rotated=kind == 0)), cache.scales[row])
        if (scales != cache.scales[row]).any():
            cache.rescale(row, scales)
        added *= (1 / scales).reshape(len(added), 1, -1)
        np.rint(added, out=added)
        cache.values[row, 0, :, cache.length : cache.length + count] = added
