"""The three graphs of an ONNX artifact as one network: encode an image, embed tokens, run the decoder."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.cache import KeyValueCache, Placement
from medmo_models.networks.onnx.eight_bit_cache import EightBitCache
from medmo_models.networks.onnx.head_rows import METADATA as HEAD_METADATA
from medmo_models.networks.onnx.head_rows import HeadRows
from medmo_models.networks.onnx.host import (
    EncodedImage,
    EncodedPrompt,
    GraphNetwork,
    RunInterruptedError,
    VisionEncoder,
)
from medmo_models.networks.onnx.layerwise import SHORTEST, LayerwisePrefill
from medmo_models.networks.onnx.runs import InterruptibleRuns
from medmo_models.networks.onnx.sessions import (
    CPU_PROVIDER,
    Provider,
    attention_in_whole_rows,
    open_session,
    session_options,
)
from medmo_models.networks.onnx.settings import (
    DECODER_WEIGHTS_NAME,
    EMBEDDING_NAME,
    EXACT_DECODER_NAME,
    FAST_DECODER_NAME,
    PREFILL_LAYER_NAME,
    attention_nodes,
    fast_cpu_decoder,
    read_cache_scales,
    with_eight_bit_cache,
    with_sixteen_bit_attention,
)
from medmo_models.networks.onnx.vision import OnnxVision
from medmo_models.process import trim_memory

__all__ = ["EncodedImage", "EncodedPrompt", "OnnxNetwork", "RunInterruptedError"]


#: Positions whose logits one run gives where each has a shortlist: 6 MB of rows each at MedMO-8B's shape.
_POSITIONS_AT_ONCE = 16
#: Tokens that one run attends from, over a cache in 8 bits: all their scores are held at once.
_ATTENDED_AT_ONCE = 64
#: Runs of one prompt at most, each with twice the scales of the one before where an 8-bit cache was outgrown.
_TRIES = 16


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
    vision : VisionEncoder, optional
        Encodes images in place of the provider.
    layerwise : bool
        Run long prompts layer by layer in products of 8-bit integers, if the artifact has a graph for it and the
        products need not be exact; on the CPU provider, where the processor has instructions for them (without, ONNX
        Runtime's products of signed by unsigned integers overflow).

    Attributes
    ----------
    left_to_cpu : tuple of str
        Nodes that the provider leaves to the CPU.
    layerwise : LayerwisePrefill or None

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
        vision: VisionEncoder | None = None,
        layerwise: bool = False,
    ) -> None:
        super().__init__(directory)
        self.placement = placement or Placement()
        self._directory, self._provider, self._threads = directory, provider, threads
        self.left_to_cpu = attention_nodes(self.settings.shape) if attention_on_cpu else ()
        self._embedding = self._session(EMBEDDING_NAME, CPU_PROVIDER)
        has_fast = (directory / FAST_DECODER_NAME).is_file()
        fast = fast_cpu_decoder(directory) if provider == CPU_PROVIDER else FAST_DECODER_NAME
        self._decoder_name = fast if has_fast and not exact else EXACT_DECODER_NAME
        self._cache_scales: NDArray[np.float32] | None = None
        if eight_bit_cache:
            self._decoder_name = with_eight_bit_cache(self._decoder_name)
            self._cache_scales = read_cache_scales(directory, self.settings.shape)
        if sixteen_bit_attention:
            self._decoder_name = with_sixteen_bit_attention(EXACT_DECODER_NAME)
        self._cache_dtype = np.dtype(np.float16 if sixteen_bit_attention else np.float32)
        self._decoder: Any = None
        self._head: HeadRows | None = None
        self._loading: Future[Any] | None = None
        self._vision = vision or OnnxVision(directory, provider, threads=threads, left_to_cpu=self.left_to_cpu)
        self._runs = InterruptibleRuns()
        layer = directory / PREFILL_LAYER_NAME
        self.layerwise = (
            LayerwisePrefill(layer, self.settings.shape, threads or 1, self._runs)
            if layerwise and not exact and layer.is_file()
            else None
        )

    def interrupt(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        self._runs.interrupt()
        self._vision.cancel()

    def load_vision(self) -> None:
        """Load the vision encoder, if it is not."""
        self._vision.load()

    def release_vision(self) -> None:
        """Free the vision encoder and what it needed; the next image loads it again (0.05 s at the 4B shape)."""
        self._vision.release()

    def begin_loading_decoder(self) -> None:
        """Load the decoder in the background, if it is not loaded; `load_decoder` waits for it."""
        if self._decoder is None and self._loading is None:
            thread = ThreadPoolExecutor(1)
            self._loading = thread.submit(self._open_decoder)
            thread.shutdown(wait=False)

    def load_decoder(self) -> None:
        """Load the decoder, if it is not."""
        if self._decoder is not None:
            return
        if self._loading is not None:
            loading, self._loading = self._loading, None
            decoder = loading.result()
        else:
            decoder = self._open_decoder()
        described = decoder.get_modelmeta().custom_metadata_map.get(HEAD_METADATA)
        if described is not None:
            self._head = HeadRows(self._directory / DECODER_WEIGHTS_NAME, described)
        self._decoder = decoder

    def release_decoder(self) -> None:
        """Free the decoder's weights; the next run loads them again."""
        if self._loading is not None:
            self._loading.exception()  # waits for the end; what went wrong matters to nobody any more
            self._loading = None
        if self._decoder is not None:
            self._decoder = self._head = None
            trim_memory()

    def new_cache(self, capacity: int) -> KeyValueCache:
        """Return an empty KV cache for ``capacity`` tokens."""
        if self._cache_scales is not None:
            return EightBitCache(self.settings.shape, capacity, self._cache_scales)
        return KeyValueCache(self.settings.shape, capacity, self.placement, self._cache_dtype)

    def run_vision(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the vision graph; return its features and its DeepStack levels."""
        return self._vision.run(inputs)

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
        at_once = _POSITIONS_AT_ONCE if self._head is not None else _ATTENDED_AT_ONCE if self._in_eight_bits else kept
        count = tokens.embeddings.shape[1]
        starts = [0, *range(count - kept + at_once, count, at_once)]
        pieces = zip(starts, [*starts[1:], count], strict=True)
        logits = [self._run(tokens.part(*piece), cache, min(kept, at_once, piece[1] - piece[0])) for piece in pieces]
        return np.concatenate(logits) if len(logits) > 1 else logits[0]

    def _run(self, tokens: EncodedPrompt, cache: KeyValueCache, kept: int) -> NDArray[np.float32]:
        """Run the decoder on tokens of which the last ``kept`` are few; those before may be many."""
        before = tokens.embeddings.shape[1] - kept
        if self.layerwise is not None and before >= SHORTEST:
            self.layerwise.run(tokens.part(0, before), cache)
            tokens, before = tokens.part(before), 0
        while self._in_eight_bits and before >= _ATTENDED_AT_ONCE:
            self._run_once(tokens.part(0, _ATTENDED_AT_ONCE), cache, 1)
            tokens, before = tokens.part(_ATTENDED_AT_ONCE), before - _ATTENDED_AT_ONCE
        return self._run_once(tokens, cache, kept)

    def _run_once(self, tokens: EncodedPrompt, cache: KeyValueCache, kept: int) -> NDArray[np.float32]:
        """Run the decoder's graph, again with larger scales where an 8-bit cache was outgrown."""
        count = tokens.embeddings.shape[1]
        cache.place_tables(cache.length, tokens.tables)
        total = cache.length + count
        with self._runs.options() as options:
            if count > 1:
                # What a prefill needed in between goes back at once: the arena would keep it, and grow in large steps
                # (80 MB at 4B's shape, no difference in time).
                options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
            for _ in range(_TRIES):
                binding = self._bound(tokens, cache, total, kept)
                self._decoder.run_with_iobinding(binding, options)
                if not cache.outgrown(total):
                    break
        if self._head is not None:
            self._head.count_run()
        cache.length = total
        logits: NDArray[np.float32] = binding.get_outputs()[-1].numpy()[0]
        return logits

    def _bound(self, tokens: EncodedPrompt, cache: KeyValueCache, total: int, kept: int) -> Any:
        """Bind the decoder's inputs and outputs, for a run up to place ``total``."""
        binding = self._decoder.io_binding()
        for name, value in (
            ("inputs_embeds", np.ascontiguousarray(tokens.embeddings)),
            ("deepstack_features", np.ascontiguousarray(tokens.deepstack)),
            ("seqlens_k", np.asarray([total - 1], dtype=np.int32)),
            ("total_sequence_length", np.asarray(total, dtype=np.int32)),
            ("logits_kept", np.asarray([kept], dtype=np.int64)),
        ):
            binding.bind_cpu_input(name, value)
        if isinstance(cache, EightBitCache):
            binding.bind_cpu_input("cache_scales", cache.scales)
        if self._head is not None:
            self._head.bind(binding)
        binding.bind_ortvalue_input("rotary_cos", cache.cosines)
        binding.bind_ortvalue_input("rotary_sin", cache.sines)
        for name, buffer in cache.buffers.items():
            binding.bind_ortvalue_input(name, buffer)
            binding.bind_ortvalue_output(name.replace("past_key_values", "present"), buffer)
        binding.bind_output("logits", "cpu")
        return binding

    @property
    def _in_eight_bits(self) -> bool:
        return self._cache_scales is not None

    def _open_decoder(self) -> Any:
        # With more threads than heads, tiles let several threads share a head.
        whole_rows = self._in_eight_bits and (self._threads or 1) <= self.settings.shape.heads
        with attention_in_whole_rows() if whole_rows else nullcontext():
            return self._session(self._decoder_name, self._provider)

    def _session(self, name: str, provider: Provider) -> Any:
        options = session_options(self._threads)
        left_to_cpu = () if provider == CPU_PROVIDER else self.left_to_cpu
        return open_session(self._directory / name, options, provider, left_to_cpu=left_to_cpu)
