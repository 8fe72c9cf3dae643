"""The three graphs of an ONNX artifact as one network: encode an image, embed tokens, run the decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import CannotRunError
from medmo_models.networks.onnx.cache import KeyValueCache, Placement, zeros_like_levels
from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.positions import (
    Tables,
    patch_grid,
    patch_rotary_tables,
    position_samples,
    rotary_tables,
    token_positions,
)
from medmo_models.networks.onnx.sessions import CPU_PROVIDER, Provider, open_session
from medmo_models.networks.onnx.settings import (
    EMBEDDING_NAME,
    EXACT_DECODER_NAME,
    FAST_DECODER_NAME,
    VISION_NAME,
    attention_nodes,
    read_cache_scales,
    read_settings,
    with_eight_bit_cache,
    with_sixteen_bit_attention,
)
from medmo_models.preprocessing import PreparedPrompt
from medmo_models.process import trim_memory


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


class OnnxNetwork:
    """An ONNX artifact loaded with ONNX Runtime; vision encoder and decoder follow when they are first needed.

    Parameters
    ----------
    directory : Path
        The artifact.
    exact : bool
        Multiply float32 activations instead of rounding them to int8; always so with full-precision weights.
    provider : Provider
        Execution provider.
    placement : Placement
        Where the KV cache lives.
    threads : int, optional
        Of a CPU run; ONNX Runtime's own choice if not given.
    eight_bit_cache : bool
        Keep keys and values in 8 bits.
    sixteen_bit_attention : bool
        Compute attention in float16 and keep keys and values in it; all else stays in float32.
    attention_on_cpu : bool
        Leave attention to the CPU (the WebGPU provider only): where the provider's own is wrong.

    Attributes
    ----------
    left_to_cpu : tuple of str
        Nodes that the provider leaves to the CPU.

    Raises
    ------
    InputError
        If a graph is missing or damaged.
    CannotRunError
        If the provider cannot run a graph.
    """

    def __init__(
        self,
        directory: Path,
        *,
        exact: bool = False,
        provider: Provider = CPU_PROVIDER,
        placement: Placement | None = None,
        threads: int | None = None,
        eight_bit_cache: bool = False,
        sixteen_bit_attention: bool = False,
        attention_on_cpu: bool = False,
    ) -> None:
        self.settings = read_settings(directory)
        self.placement = placement or Placement()
        self._directory, self._provider, self._threads = directory, provider, threads
        self.left_to_cpu = attention_nodes(self.settings.shape) if attention_on_cpu else ()
        self._embedding = self._session(EMBEDDING_NAME, CPU_PROVIDER)
        has_fast = (directory / FAST_DECODER_NAME).is_file()
        self._decoder_name = FAST_DECODER_NAME if has_fast and not exact else EXACT_DECODER_NAME
        self._cache_scales: NDArray[np.float32] | None = None
        if eight_bit_cache:
            self._decoder_name = with_eight_bit_cache(self._decoder_name)
            self._cache_scales = read_cache_scales(directory, self.settings.shape)
        self._cache_dtype = np.dtype(np.int8 if eight_bit_cache else np.float32)
        if sixteen_bit_attention:
            self._decoder_name = with_sixteen_bit_attention(EXACT_DECODER_NAME)
            self._cache_dtype = np.dtype(np.float16)
        self._decoder: Any = None
        self._vision: Any = None
        self._levels = len(self.settings.shape.deepstack_levels)
        self._running: Any = None

    def interrupt(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        running = self._running
        if running is not None:
            running.terminate = True

    @contextmanager
    def _interruptible(self) -> Iterator[Any]:
        """Yield the options of one run, which `interrupt` reaches."""
        self._running = import_onnxruntime().RunOptions()
        try:
            yield self._running
        except Exception as error:  # ONNX Runtime's errors share no base but Exception
            if "terminate flag" in str(error):
                raise RunInterruptedError from error
            if "requires f16" in str(error):  # the WebGPU provider, when a run compiles its shaders
                raise CannotRunError(
                    "This GPU has no 16-bit floating point, which the weights of the vision encoder need; export the "
                    "model again with --vision-bits 32."
                ) from error
            raise
        finally:
            self._running = None

    def load_vision(self) -> None:
        """Load the vision encoder, if it is not."""
        if self._vision is None:
            self._vision = self._session(VISION_NAME, self._provider)

    def release_vision(self) -> None:
        """Free the vision encoder and what it needed; the next image loads it again (0.05 s at the 4B shape)."""
        if self._vision is not None:
            self._vision = None
            trim_memory()

    def load_decoder(self) -> None:
        """Load the decoder, if it is not."""
        if self._decoder is None:
            self._decoder = self._session(self._decoder_name, self._provider)

    def release_decoder(self) -> None:
        """Free the decoder's weights; the next run loads them again."""
        if self._decoder is not None:
            self._decoder = None
            trim_memory()

    def new_cache(self, capacity: int) -> KeyValueCache:
        """Return an empty KV cache for ``capacity`` tokens."""
        return KeyValueCache(self.settings.shape, capacity, self.placement, self._cache_dtype)

    def encode_image(self, pixels: NDArray[np.float32], grid: NDArray[np.int64]) -> EncodedImage:
        """Run the vision encoder on one image.

        Parameters
        ----------
        pixels : ndarray of float32, shape (patches, 1536)
        grid : ndarray of int64, shape (3,)
        """
        self.load_vision()
        shape = self.settings.shape
        patches = patch_grid(grid, shape.spatial_merge_size)
        rows, weights = position_samples(patches, grid, shape.vision_position_embeddings)
        cosines, sines = patch_rotary_tables(patches, self.settings)
        inputs = {
            "pixel_values": pixels,
            "position_rows": rows,
            "position_weights": weights,
            "rotary_cos": cosines,
            "rotary_sin": sines,
        }
        with self._interruptible() as options:
            features, deepstack = self._vision.run(["image_features", "deepstack_features"], inputs, options)
        return EncodedImage(features, deepstack)

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of tokens, shape (1, length, hidden)."""
        result: NDArray[np.float32] = self._embedding.run(["inputs_embeds"], {"input_ids": ids})[0]
        return result

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

    def run(self, tokens: EncodedPrompt, cache: KeyValueCache, kept: int = 1) -> NDArray[np.float32]:
        """Run the decoder on tokens that follow what the cache holds, and add them to it.

        Returns
        -------
        ndarray of float32, shape (kept, vocabulary)
            Logits of the last ``kept`` tokens.
        """
        self.load_decoder()
        count = tokens.embeddings.shape[1]
        cache.place_tables(cache.length, tokens.tables)
        binding = self._decoder.io_binding()
        total = cache.length + count
        for name, value in (
            ("inputs_embeds", np.ascontiguousarray(tokens.embeddings)),
            ("deepstack_features", np.ascontiguousarray(tokens.deepstack)),
            ("seqlens_k", np.asarray([total - 1], dtype=np.int32)),
            ("total_sequence_length", np.asarray(total, dtype=np.int32)),
            ("logits_kept", np.asarray([kept], dtype=np.int64)),
        ):
            binding.bind_cpu_input(name, value)
        if self._cache_scales is not None:
            binding.bind_cpu_input("cache_scales", self._cache_scales)
        binding.bind_ortvalue_input("rotary_cos", cache.cosines)
        binding.bind_ortvalue_input("rotary_sin", cache.sines)
        for name, buffer in cache.buffers.items():
            binding.bind_ortvalue_input(name, buffer)
            binding.bind_ortvalue_output(name.replace("past_key_values", "present"), buffer)
        binding.bind_output("logits", "cpu")
        with self._interruptible() as options:
            if count > 1:
                # What a prefill needed in between goes back at once: the arena would keep it, and grow in large steps
                # (80 MB at 4B's shape, no difference in time).
                options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
            self._decoder.run_with_iobinding(binding, options)
        cache.length = total
        logits: NDArray[np.float32] = binding.get_outputs()[-1].numpy()[0]
        return logits

    def _session(self, name: str, provider: Provider) -> Any:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Optimizers of the extended level hold 16-bit weights in 32 bits (at the 4B shape the vision encoder loads in
        # 0.05 GB instead of 2.6, ONNX Runtime 1.31); what they fuse, the graphs have fused already.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        if name == VISION_NAME:
            # It runs once per image: what it needs in between goes back to the system.
            options.enable_cpu_mem_arena = False
            options.enable_mem_pattern = False
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
        on_cpu = provider == CPU_PROVIDER
        return open_session(self._directory / name, options, provider, left_to_cpu=() if on_cpu else self.left_to_cpu)
