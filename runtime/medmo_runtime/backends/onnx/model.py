"""Greedy decoding over our ONNX graphs; the KV cache outlives an answer, so the next question reuses what it shares."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import OutOfMemoryError
from medmo_models.networks.onnx.host import EncodedImage, EncodedPrompt, GraphNetwork, RunInterruptedError, TokenCache
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.backends.onnx.encoded_images import EncodedImages
from medmo_runtime.backends.onnx.prefix import PromptKeys, prompt_keys, shared_length
from medmo_runtime.generation import (
    FinishReason,
    GeneratedToken,
    Generation,
    PhaseCallback,
    StopSignal,
    TokenCallback,
)
from medmo_runtime.hardware.host_memory import peak_process_memory_bytes

#: Tokens that one run of the decoder takes in prefill: bounds the memory of activations, and is enough for its speed
#: (at the 4B shape on two cores 128, 256 and 512 took the same time).
CHUNK = 256
#: The same where the network takes prompts in long pieces.
LONG_CHUNK = 4096
#: The cache grows by whole steps, so that a conversation does not copy it at every turn.
CAPACITY_STEP = 256


class OnnxModel:
    """A loaded ONNX artifact (see `medmo_runtime.generation.LoadedModel`).

    Parameters
    ----------
    network : GraphNetwork
    model_id : str
        The artifact's id.
    releases_vision, releases_decoder : bool
        Free the vision encoder when it has encoded; free the decoder while it encodes, and load it again afterwards.
    chunk : int, optional
        Tokens that one run takes in prefill, `CHUNK` if not given.
    """

    def __init__(
        self,
        network: GraphNetwork[Any],
        model_id: str,
        *,
        releases_vision: bool = False,
        releases_decoder: bool = False,
        chunk: int | None = None,
    ) -> None:
        self._chunk = chunk
        self._releases_vision, self._releases_decoder = releases_vision, releases_decoder
        self._network: GraphNetwork[Any] | None = network
        self._model_id = model_id
        self._images = EncodedImages(None, model_id)
        self._cache: TokenCache | None = None
        self._keys: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    @property
    def network(self) -> GraphNetwork[Any]:
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
        if self._network is not None:
            self._network.release_decoder()  # it may still be loading
        self._network, self._cache = None, None
        gc.collect()

    def generate(
        self,
        prompt: PreparedPrompt,
        max_new_tokens: int,
        on_token: TokenCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Generation:
        """Answer ``prompt`` (see `LoadedModel.generate`)."""
        announce = on_phase or (lambda _: None)
        stop = stop or StopSignal()
        clock = [time.perf_counter()]
        tokens: list[GeneratedToken] = []
        reason: FinishReason = "cancelled"
        keys = prompt_keys(prompt, self.network.settings.shape.spatial_merge_size)
        cached = min(shared_length(keys.keys, self._keys), len(keys.keys) - 1)
        with memory_errors_explained("answering"), self._stopping(stop):
            _raise_if(stop)
            announce("vision")
            cached = self._forget_others(keys, cached)
            images = self._encode(prompt, keys, cached)
            clock.append(time.perf_counter())
            announce("prefill")
            cache = self._reserve(cached, len(keys.keys) + max_new_tokens)
            logits, following = self._prefill(prompt, images, keys, cached, cache, stop=stop)
            token = _greedy(logits)
            clock.append(time.perf_counter())
            announce("decode")
            reason = self._decode(tokens, token, cache, following, max_new_tokens, on_token, stop)
        encoded, prefilled = (*clock[1:], *[time.perf_counter()] * 2)[:2]
        return Generation(
            tokens=tuple(tokens),
            finish_reason=reason,
            vision_s=encoded - clock[0],
            prefill_s=prefilled - encoded,
            decode_s=time.perf_counter() - prefilled,
            peak_memory_bytes=peak_process_memory_bytes(),
            cached_tokens=cached,
        )

    @contextmanager
    def _stopping(self, stop: StopSignal) -> Iterator[None]:
        """End the ``with`` block soon after the signal is set, also inside of a run."""
        with stop.listening(self.network.interrupt):
            try:
                yield
            except RunInterruptedError:
                return

    def prepare(self, prompt: PreparedPrompt, shared: int) -> None:
        """Encode the images and run the first ``shared`` tokens (see `LoadedModel.prepare`)."""
        with memory_errors_explained("encoding the image"):
            keys = prompt_keys(prompt, self.network.settings.shape.spatial_merge_size)
            cached = shared_length(keys.keys[:shared], self._keys)
            if cached < shared:
                cached = self._forget_others(keys, cached)
                images = self._encode(prompt, keys, cached)
                cache = self._reserve(cached, len(keys.keys))
                self._prefill(prompt, images, keys, cached, cache, shared)

    def keep_images(self, folder: Path) -> None:
        """Keep encoded images on disk (see `LoadedModel.keep_images` and `EncodedImages`)."""
        self._images = EncodedImages(folder, self._model_id)

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        """Return the logits from position ``first`` on (see `LoadedModel.logits`)."""
        with memory_errors_explained("computing logits"):
            keys = prompt_keys(prompt, self.network.settings.shape.spatial_merge_size)
            cached = self._forget_others(keys, min(shared_length(keys.keys, self._keys), first))
            images = self._encode(prompt, keys, cached)
            cache = self._reserve(cached, len(keys.keys))
            tokens = self.network.encode_prompt(prompt, images, cached)
            self._run_in_chunks(tokens, keys, cached, cache, first - cached)  # as a prompt before its answer
            rows = []
            for start in range(first, len(keys.keys), CHUNK):
                stop = min(start + CHUNK, len(keys.keys))
                rows.append(self.network.run(tokens.part(start - cached, stop - cached), cache, stop - start))
                self._keys = keys.keys[:stop]
        return np.concatenate(rows)

    def _forget_others(self, keys: PromptKeys, cached: int) -> int:
        """Free the cache of a conversation about other images, so that it takes no memory while one is encoded.

        Returns how many tokens are still cached: what two conversations share before their first image is soon
        computed again.
        """
        if keys.image_ends and cached < keys.image_ends[0]:
            if self._cache is not None:
                self._cache.release()
            self._cache, self._keys = None, self._keys[:0]
            return 0
        return cached

    def _encode(self, prompt: PreparedPrompt, keys: PromptKeys, cached: int) -> list[EncodedImage]:
        """Return the features of the images that are not wholly in the cache."""
        encoded = [
            self._images.get(digest, lambda pixels=pixels, grid=grid: self._encode_new(pixels, grid))  # type: ignore[misc]
            for (pixels, grid), digest, end in zip(prompt.each_image(), keys.digests, keys.image_ends, strict=True)
            if end > cached
        ]
        if self._releases_vision:
            self.network.release_vision()
        self.network.load_decoder()  # if it had left: before there is a cache, because loading needs more for a moment
        return encoded

    def _encode_new(self, pixels: NDArray[np.float32], grid: NDArray[np.int64]) -> EncodedImage:
        if self._releases_decoder:
            self.network.release_decoder()
        return self.network.encode_image(pixels, grid)

    def _reserve(self, cached: int, places: int) -> TokenCache:
        """Return a cache with ``places`` places that holds the first ``cached`` tokens of what it held."""
        if self._cache is not None:
            self._cache.length = cached
            self._keys = self._keys[:cached]
        if self._cache is None or self._cache.capacity < places:
            larger: TokenCache = self.network.new_cache(-(-places // CAPACITY_STEP) * CAPACITY_STEP)
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
        cache: TokenCache,
        end: int | None = None,
        stop: StopSignal | None = None,
    ) -> tuple[NDArray[np.float32], int]:
        tokens = self.network.encode_prompt(prompt, images, cached)
        count = (len(keys.keys) if end is None else end) - cached
        return self._run_in_chunks(tokens, keys, cached, cache, count, stop), tokens.following

    def _run_in_chunks(
        self,
        tokens: EncodedPrompt,
        keys: PromptKeys,
        cached: int,
        cache: TokenCache,
        count: int,
        stop: StopSignal | None = None,
    ) -> NDArray[np.float32]:
        """Run the first ``count`` tokens, which follow the cached ones; return the last one's logits."""
        logits = np.zeros(0, dtype=np.float32)
        chunk = self._chunk or CHUNK
        for start in range(0, count, chunk):
            _raise_if(stop)
            after = min(start + chunk, count)
            logits = self.network.run(tokens.part(start, after), cache)[-1]
            self._keys = keys.keys[: cached + after]
        return logits

    def _decode(
        self,
        tokens: list[GeneratedToken],
        token: GeneratedToken,
        cache: TokenCache,
        position: int,
        max_new_tokens: int,
        on_token: TokenCallback | None,
        stop: StopSignal,
    ) -> FinishReason:
        network = self.network
        while True:
            if token.id in network.settings.end_tokens:
                return "stop"
            tokens.append(token)
            if on_token is not None and not on_token(token):
                return "cancelled"
            if len(tokens) >= max_new_tokens:
                return "length"
            _raise_if(stop)
            logits = network.run(network.encode_token(token.id, position), cache)[-1]
            self._keys = np.append(self._keys, token.id)
            token = _greedy(logits)
            position += 1


def _greedy(logits: NDArray[np.float32]) -> GeneratedToken:
    best = int(logits.argmax())
    return GeneratedToken(best, float(1.0 / np.exp(logits - logits[best]).sum()))


def _raise_if(stop: StopSignal | None) -> None:
    """Raise `RunInterruptedError` if the signal is set; a run that has not begun cannot be interrupted."""
    if stop is not None and stop.is_set:
        raise RunInterruptedError


@contextmanager
def memory_errors_explained(doing: str) -> Iterator[None]:
    """Turn running out of memory into one sentence."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(f"Memory ran out while {doing}; try a smaller image (--max-pixels).") from error
    except Exception as error:
        # ONNX Runtime reports a failed allocation as a RuntimeError of its own with one of these texts.
        texts = (
            "Failed to allocate memory",
            "bad_alloc",
            "out of memory",
            "Cannot allocate memory",
            "mmap",
            "PosixThread",
        )
        if not any(text in str(error) for text in texts):
            raise
        raise OutOfMemoryError(f"Memory ran out while {doing}; try a smaller image (--max-pixels).") from error
