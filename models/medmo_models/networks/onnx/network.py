"""The three graphs of an ONNX artifact as one network: encode an image, embed tokens, run the decoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import CannotRunError
from medmo_models.networks.onnx.cache import KeyValueCache, Placement
from medmo_models.networks.onnx.host import EncodedImage, EncodedPrompt, GraphNetwork, RunInterruptedError
from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.sessions import CPU_PROVIDER, Provider, open_session
from medmo_models.networks.onnx.settings import (
    EMBEDDING_NAME,
    EXACT_DECODER_NAME,
    FAST_DECODER_NAME,
    VISION_NAME,
    attention_nodes,
    read_cache_scales,
    with_eight_bit_cache,
    with_sixteen_bit_attention,
)
from medmo_models.process import trim_memory

__all__ = ["EncodedImage", "EncodedPrompt", "OnnxNetwork", "RunInterruptedError"]


class OnnxNetwork(GraphNetwork[KeyValueCache]):
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
        super().__init__(directory)
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

    def run_vision(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the vision graph; return its features and its DeepStack levels."""
        self.load_vision()
        with self._interruptible() as options:
            features, deepstack = self._vision.run(["image_features", "deepstack_features"], inputs, options)
        return features, deepstack

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of tokens, shape (1, length, hidden)."""
        result: NDArray[np.float32] = self._embedding.run(["inputs_embeds"], {"input_ids": ids})[0]
        return result

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
