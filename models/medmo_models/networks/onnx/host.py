"""What every network over our graphs does on the host: positions, embeddings and images in their places, in numpy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.cache import zeros_like_levels
from medmo_models.networks.onnx.positions import (
    Tables,
    patch_grid,
    patch_rotary_tables,
    position_samples,
    rotary_tables,
    token_positions,
)
from medmo_models.networks.onnx.settings import read_settings
from medmo_models.preprocessing import PreparedPrompt


class RunInterruptedError(Exception):
    """A run ended because `OnnxNetwork.interrupt` was called."""


@dataclass(frozen=True)
class EncodedImage:
    """An image after the vision encoder.

    Attributes
    ----------
    features : ndarray of float32, shape (image tokens, hidden)
    deepstack : ndarray of float32, shape (levels, image tokens, hidden)
    """

    features: NDArray[np.float32]
    deepstack: NDArray[np.float32]


@dataclass(frozen=True)
class EncodedPrompt:
    """A prompt ready for the decoder.

    Attributes
    ----------
    embeddings : ndarray of float32, shape (1, length, hidden)
        Text tokens embedded, image tokens replaced by their features.
    deepstack : ndarray of float32, shape (levels, length or 1, hidden)
    tables : tuple of ndarray
        Rotary tables of the prompt's tokens.
    following : int
        Position of the first token after the prompt.
    """

    embeddings: NDArray[np.float32]
    deepstack: NDArray[np.float32]
    tables: Tables
    following: int

    def part(self, start: int, end: int | None = None) -> EncodedPrompt:
        """Return the tokens from ``start`` to ``end``."""
        deepstack = self.deepstack if self.deepstack.shape[1] == 1 else self.deepstack[:, start:end]
        cosines, sines = self.tables
        return EncodedPrompt(
            self.embeddings[:, start:end], deepstack, (cosines[start:end], sines[start:end]), self.following
        )


class TokenCache(Protocol):
    """Keys and values of the tokens before; ``length`` may be set to fewer than there are."""

    length: int

    @property
    def capacity(self) -> int:
        """Places."""
        ...

    def copy_from(self, other: Self) -> None:
        """Take over everything of a smaller cache."""
        ...

    def release(self) -> None:
        """Free its memory; it cannot be used afterwards."""
        ...


class VisionEncoder(Protocol):
    """A vision encoder that is loaded when it is first needed."""

    def load(self) -> None:
        """Load it, if it is not."""
        ...

    def release(self) -> None:
        """Free it and what it needed; the next run loads it again."""
        ...

    def cancel(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        ...

    def run(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return an image's features and its DeepStack levels, from the inputs of the vision graph."""
        ...


Cache = TypeVar("Cache", bound=TokenCache)


class GraphNetwork(ABC, Generic[Cache]):
    """The three graphs of an ONNX artifact as one network, whatever runs them.

    Attributes
    ----------
    settings : OnnxSettings
    """

    def __init__(self, directory: Path) -> None:
        self.settings = read_settings(directory)
        self._levels = len(self.settings.shape.deepstack_levels)

    @abstractmethod
    def interrupt(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""

    @abstractmethod
    def release_vision(self) -> None:
        """Free the vision encoder and what it needed; the next image loads it again."""

    @abstractmethod
    def load_decoder(self) -> None:
        """Load the decoder, if it is not."""

    @abstractmethod
    def release_decoder(self) -> None:
        """Free the decoder's weights; the next run loads them again."""

    @abstractmethod
    def new_cache(self, capacity: int) -> Cache:
        """Return an empty KV cache for ``capacity`` tokens."""

    @abstractmethod
    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of tokens, shape (1, length, hidden)."""

    @abstractmethod
    def run(self, tokens: EncodedPrompt, cache: Cache, kept: int = 1) -> NDArray[np.float32]:
        """Run the decoder on tokens that follow what the cache holds, and add them to it.

        Returns
        -------
        ndarray of float32, shape (kept, vocabulary)
            Logits of the last ``kept`` tokens.
        """

    @abstractmethod
    def run_vision(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the vision graph; return its features and its DeepStack levels."""

    def encode_image(self, pixels: NDArray[np.float32], grid: NDArray[np.int64]) -> EncodedImage:
        """Run the vision encoder on one image.

        Parameters
        ----------
        pixels : ndarray of float32, shape (patches, 1536)
        grid : ndarray of int64, shape (3,)
        """
        shape = self.settings.shape
        patches = patch_grid(grid, shape.spatial_merge_size)
        rows, weights = position_samples(patches, grid, shape.vision_position_embeddings)
        cosines, sines = patch_rotary_tables(patches, self.settings)
        inputs: dict[str, NDArray[Any]] = {
            "pixel_values": pixels,
            "position_rows": rows,
            "position_weights": weights,
            "rotary_cos": cosines,
            "rotary_sin": sines,
        }
        return EncodedImage(*self.run_vision(inputs))

    def encode_prompt(self, prompt: PreparedPrompt, images: Sequence[EncodedImage], start: int = 0) -> EncodedPrompt:
        """Embed the tokens of a prompt from ``start`` on.

        Parameters
        ----------
        prompt : PreparedPrompt
        images : sequence of EncodedImage
            Those of which a token is at ``start`` or later, in the prompt's order.
        start : int
        """
        shape = self.settings.shape
        embeddings = self.embed(prompt.input_ids[start:])
        deepstack = zeros_like_levels(self._levels, shape.hidden_size)
        if images:
            places = prompt.token_types[start:] == 1
            first = -int(places.sum())  # an image that begins before the start gives its last tokens
            embeddings[0, places] = np.concatenate([image.features for image in images])[first:]
            deepstack = np.zeros((self._levels, len(places), shape.hidden_size), dtype=np.float32)
            deepstack[:, places] = np.concatenate([image.deepstack for image in images], axis=1)[:, first:]
        positions = token_positions(prompt.token_types, prompt.image_grids, shape.spatial_merge_size)
        tables = rotary_tables(positions[:, start:], self.settings)
        return EncodedPrompt(embeddings, deepstack, tables, int(positions.max(initial=-1)) + 1)

    def encode_token(self, token: int, position: int) -> EncodedPrompt:
        """Embed one generated token."""
        tables = rotary_tables(np.full((3, 1), position), self.settings)
        deepstack = zeros_like_levels(self._levels, self.settings.shape.hidden_size)
        return EncodedPrompt(self.embed(np.asarray([token])), deepstack, tables, position + 1)

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        """Return the logits of a prompt from position ``first`` on, shape (length - first, vocabulary)."""
        length = len(prompt.input_ids)
        images = [self.encode_image(pixels, grid) for pixels, grid in prompt.each_image()]
        encoded = self.encode_prompt(prompt, images)
        return self.run(encoded, self.new_cache(length), kept=length - first)
