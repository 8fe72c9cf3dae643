"""Greedy decoding over our ONNX graphs; the KV cache outlives an answer, so the next question reuses what it shares."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import CannotRunError
from medmo_models.networks.onnx.cache import KeyValueCache
from medmo_models.networks.onnx.network import EncodedImage, OnnxNetwork
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.backends.onnx.encoded_images import EncodedImages
from medmo_runtime.backends.onnx.prefix import PromptKeys, prompt_keys, shared_length
from medmo_runtime.generation import FinishReason, GeneratedToken, Generation, PhaseCallback, TokenCallback
from medmo_runtime.machine import peak_process_memory_bytes

#: Tokens that one run of the decoder takes in prefill: bounds the memory of activations, and is enough for its speed.
_CHUNK = 512
#: The cache grows by whole steps, so that a conversation does not copy it at every turn.
_CAPACITY_STEP = 256


class OnnxModel:
    """A loaded ONNX artifact (see `medmo_runtime.generation.LoadedModel`).

    Parameters
    ----------
    network : OnnxNetwork
    model_id : str
        The artifact's id.
    """

    def __init__(self, network: OnnxNetwork, model_id: str) -> None:
        self._network: OnnxNetwork | None = network
        self._model_id = model_id
        self._images = EncodedImages(None, model_id)
        self._cache: KeyValueCache | None = None
        self._keys: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    @property
    def network(self) -> OnnxNetwork:
        """The loaded graphs.

        Raises
        ------
        RuntimeError
            After `close`.
        """
        if self._network is None:
            raise RuntimeError("the model is closed")
        return self._network

    def close(self) -> None:
        """Free the memory."""
        self._network, self._cache = None, None
        gc.collect()

    def generate(
        self,
        prompt: PreparedPrompt,
        max_new_tokens: int,
        on_token: TokenCallback | None = None,
        on_phase: PhaseCallback | None = None,
    ) -> Generation:
        """Answer ``prompt`` (see `LoadedModel.generate`)."""
        announce = on_phase or (lambda _: None)
        with _memory_errors_explained():
            began = time.perf_counter()
            announce("vision")
            keys = prompt_keys(prompt, self.network.settings.shape.spatial_merge_size)
            cached = min(shared_length(keys.keys, self._keys), len(keys.keys) - 1)
            images = self._encode(prompt, keys, cached)
            encoded = time.perf_counter()
            announce("prefill")
            cache = self._reserve(cached, len(keys.keys) + max_new_tokens)
            logits, following = self._prefill(prompt, images, keys, cached, cache)
            token = _greedy(logits)
            prefilled = time.perf_counter()
            announce("decode")
            tokens, reason = self._decode(token, cache, following, max_new_tokens, on_token)
        return Generation(
            tokens=tokens,
            finish_reason=reason,
            vision_s=encoded - began,
            prefill_s=prefilled - encoded,
            decode_s=time.perf_counter() - prefilled,
            peak_memory_bytes=peak_process_memory_bytes(),
            cached_tokens=cached,
        )

    def prepare(self, prompt: PreparedPrompt, shared: int) -> None:
        """Encode the images and run the first ``shared`` tokens (see `LoadedModel.prepare`)."""
        with _memory_errors_explained():
            keys = prompt_keys(prompt, self.network.settings.shape.spatial_merge_size)
            cached = shared_length(keys.keys[:shared], self._keys)
            if cached < shared:
                cache = self._reserve(cached, len(keys.keys))
                self._prefill(prompt, self._encode(prompt, keys, cached), keys, cached, cache, shared)

    def keep_images(self, folder: Path) -> None:
        """Keep encoded images on disk (see `LoadedModel.keep_images` and `EncodedImages`)."""
        self._images = EncodedImages(folder, self._model_id)

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        """Return the logits from position ``first`` on (see `LoadedModel.logits`)."""
        with _memory_errors_explained():
            keys = prompt_keys(prompt, self.network.settings.shape.spatial_merge_size)
            cached = min(shared_length(keys.keys, self._keys), first)
            cache = self._reserve(cached, len(keys.keys))
            images = self._encode(prompt, keys, cached)
            tokens = self.network.encode_prompt(prompt, images, cached)
            rows = []
            for start in range(0, len(keys.keys) - cached, _CHUNK):
                part = tokens.part(start, start + _CHUNK)
                stop = start + part.embeddings.shape[1]
                wanted = max(0, stop - max(start, first - cached))
                made = self.network.run(part, cache, max(wanted, 1))
                self._keys = keys.keys[: cached + stop]
                rows += [made] if wanted else []
        return np.concatenate(rows)

    def _encode(self, prompt: PreparedPrompt, keys: PromptKeys, cached: int) -> list[EncodedImage]:
        """Return the features of the images that are not wholly in the cache."""
        network = self.network
        return [
            self._images.get(digest, lambda pixels=pixels, grid=grid: network.encode_image(pixels, grid))  # type: ignore[misc]
            for (pixels, grid), digest, end in zip(prompt.each_image(), keys.digests, keys.image_ends, strict=True)
            if end > cached
        ]

    def _reserve(self, cached: int, places: int) -> KeyValueCache:
        """Return a cache with ``places`` places that holds the first ``cached`` tokens of what it held."""
        if self._cache is not None:
            self._cache.length = cached
            self._keys = self._keys[:cached]
        if self._cache is None or self._cache.capacity < places:
            larger = self.network.new_cache(-(-places // _CAPACITY_STEP) * _CAPACITY_STEP)
            if self._cache is not None:
                larger.copy_from(self._cache)
            self._cache = larger
        return self._cache

    def _prefill(
        self,
        prompt: PreparedPrompt,
        images: list[EncodedImage],
        keys: PromptKeys,
        cached: int,
        cache: KeyValueCache,
        end: int | None = None,
    ) -> tuple[NDArray[np.float32], int]:
        tokens = self.network.encode_prompt(prompt, images, cached)
        count = (len(keys.keys) if end is None else end) - cached
        logits = np.zeros(0, dtype=np.float32)
        for start in range(0, count, _CHUNK):
            stop = min(start + _CHUNK, count)
            logits = self.network.run(tokens.part(start, stop), cache)[-1]
            self._keys = keys.keys[: cached + stop]
        return logits, tokens.following

    def _decode(
        self,
        token: GeneratedToken,
        cache: KeyValueCache,
        position: int,
        max_new_tokens: int,
        on_token: TokenCallback | None,
    ) -> tuple[tuple[GeneratedToken, ...], FinishReason]:
        network = self.network
        tokens: list[GeneratedToken] = []
        while True:
            if token.id in network.settings.end_tokens:
                return tuple(tokens), "stop"
            tokens.append(token)
            if on_token is not None and not on_token(token):
                return tuple(tokens), "cancelled"
            if len(tokens) >= max_new_tokens:
                return tuple(tokens), "length"
            logits = network.run(network.encode_token(token.id, position), cache)[-1]
            self._keys = np.append(self._keys, token.id)
            token = _greedy(logits)
            position += 1


def _greedy(logits: NDArray[np.float32]) -> GeneratedToken:
    best = int(logits.argmax())
    return GeneratedToken(best, float(1.0 / np.exp(logits - logits[best]).sum()))


@contextmanager
def _memory_errors_explained() -> Iterator[None]:
    """Turn running out of memory into one sentence."""
    try:
        yield
    except MemoryError as error:
        raise CannotRunError(
            "The host ran out of memory while answering; try a smaller image (--max-pixels)."
        ) from error
    except Exception as error:
        # ONNX Runtime reports a failed allocation as a RuntimeError of its own with one of these texts.
        if not any(text in str(error) for text in ("Failed to allocate memory", "bad_alloc", "out of memory")):
            raise
        raise CannotRunError("Memory ran out while answering; try a smaller image (--max-pixels).") from error
