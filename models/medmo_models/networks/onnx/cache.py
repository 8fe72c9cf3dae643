"""The KV cache: one buffer per layer and kind, which a decoder run both reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.positions import Tables
from medmo_models.specs import Architecture


@dataclass(frozen=True)
class Placement:
    """Where buffers live, in ONNX Runtime's words: ``cpu``, ``cuda``, ... and the device's number."""

    device: str = "cpu"
    number: int = 0


class KeyValueCache:
    """Keys, values and rotary tables of up to ``capacity`` tokens.

    Attributes
    ----------
    dtype : numpy dtype
        Of keys and values: float32, float16, or int8 (`EightBitCache`).
    capacity : int
        Places.
    length : int
        Places used.
    values : ndarray, shape (2 * layers, 1, key/value heads, capacity, head_dim)
        What ``buffers`` hold, where they are on the CPU: keys and values of each layer in turn.
    buffers : dict
        ``key`` and ``value`` of each layer as OrtValue, by the decoder's input name, shape (1, key/value heads,
        capacity, head_dim).
    cosines, sines : OrtValue
        Rotary tables, shape (capacity, head_dim / 2); float16 with keys and values in float16, else float32.
    """

    def __init__(self, shape: Architecture, capacity: int, placement: Placement, dtype: DTypeLike = np.float32) -> None:
        values = import_onnxruntime().OrtValue
        self.dtype = np.dtype(dtype)
        self.capacity = capacity
        self.length = 0
        self.placement = placement
        places = (1, shape.key_value_heads, capacity, shape.head_dim)
        names = [f"past_key_values.{layer}.{kind}" for layer in range(shape.layers) for kind in ("key", "value")]
        if placement.device == "cpu":
            # Zeros, because memory as it comes may hold NaN, which attention would multiply by zero.
            self.values = np.zeros((len(names), *places), self.dtype)
            self.buffers = {
                name: values.ortvalue_from_numpy(part) for name, part in zip(names, self.values, strict=True)
            }
        else:
            self.buffers = {
                name: values.ortvalue_from_shape_and_type(places, self.dtype.type, placement.device, placement.number)
                for name in names
            }
        table_dtype = np.float16 if self.dtype == np.float16 else np.float32
        self._tables = tuple(np.zeros((capacity, shape.head_dim // 2), dtype=table_dtype) for _ in range(2))
        self.cosines, self.sines = (
            values.ortvalue_from_numpy(table, placement.device, placement.number) for table in self._tables
        )

    def place_tables(self, start: int, tables: Tables) -> None:
        """Write the rotary angles of the tokens that take the places from ``start`` on.

        Raises
        ------
        ValueError
            If they do not fit.
        """
        end = start + len(tables[0])
        if end > self.capacity:
            raise ValueError(f"{end} tokens do not fit into a cache of {self.capacity}")
        for table, rows, value in zip(self._tables, tables, (self.cosines, self.sines), strict=True):
            table[start:end] = rows
            value.update_inplace(table)

    def release(self) -> None:
        """Free the buffers; the cache cannot be used afterwards."""
        self.buffers.clear()
        self.values = np.zeros(0, self.dtype)

    def outgrown(self, end: int) -> bool:
        """Make room for values that were cut off between what is held and place ``end``.

        Returns
        -------
        bool
            Whether there were any, so that the run has to be repeated; only in 8 bits there are.
        """
        return False

    def layers(self) -> LayerBuffers:
        """Return a layer's keys and values in float32, for runs layer by layer; on the CPU."""
        return LayerBuffers(self)

    def copy_from(self, other: KeyValueCache) -> None:
        """Take over everything of a smaller cache."""
        if self.placement.device == "cpu":
            self.values[..., : other.length, :] = other.values[..., : other.length, :]
        else:
            for name, value in self.buffers.items():
                kept = np.zeros(value.shape(), self.dtype)
                kept[:, :, : other.length] = other.buffers[name].numpy()[:, :, : other.length]
                value.update_inplace(kept)
        self.place_tables(0, (other._tables[0][: other.length], other._tables[1][: other.length]))
        self.length = other.length


class LayerBuffers:
    """Keys and values of one layer after another.

    Parameters
    ----------
    cache : KeyValueCache
        In float32.
    """

    def __init__(self, cache: KeyValueCache) -> None:
        self._cache = cache

    def open(self, layer: int) -> tuple[Any, Any]:
        """Return a layer's keys and values as OrtValue, float32, shape (1, key/value heads, capacity, head_dim)."""
        key, value = (self._cache.buffers[f"past_key_values.{layer}.{kind}"] for kind in ("key", "value"))
        return key, value

    def keep(self, layer: int, count: int) -> None:
        """Keep ``count`` tokens of that layer that were added after what the cache holds."""


def zeros_like_levels(levels: int, hidden: int) -> NDArray[np.float32]:
    """Return DeepStack features of a run without an image, shape (levels, 1, hidden)."""
    return np.zeros((levels, 1, hidden), dtype=np.float32)
