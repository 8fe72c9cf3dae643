"""Runs a long prompt through the decoder layer by layer, in products of 8-bit integers, to fill the KV cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.cache import KeyValueCache
from medmo_models.networks.onnx.host import EncodedPrompt
from medmo_models.networks.onnx.layer_weights import METADATA, LayerWeights
from medmo_models.networks.onnx.runs import InterruptibleRuns
from medmo_models.networks.onnx.sessions import CPU_PROVIDER, open_session, session_options
from medmo_models.networks.onnx.settings import DECODER_WEIGHTS_NAME
from medmo_models.specs import Architecture

#: Tokens that go through a layer at once: bounds the memory of activations.
TOKENS_AT_ONCE = 1280
#: Fewer tokens are faster in the decoder itself: widening a layer takes as long as they do.
SHORTEST = 256


class LayerwisePrefill:
    """One layer's graph, run with each layer's weights in turn.

    Nothing is held between prompts: the graph has no weights and opens in 0.01 s, and the widened weights of one layer
    are overwritten by the next one's.

    Parameters
    ----------
    path : Path
        The graph.
    shape : Architecture
    threads : int
    runs : InterruptibleRuns
        Ends a prefill early.
    """

    def __init__(self, path: Path, shape: Architecture, threads: int, runs: InterruptibleRuns) -> None:
        self._path, self._shape, self._threads, self._runs = path, shape, threads, runs

    def run(self, tokens: EncodedPrompt, cache: KeyValueCache) -> None:
        """Add tokens that follow what the cache holds to it; nothing is known of the token after them.

        Raises
        ------
        RunInterruptedError
            If it is ended early; the cache holds what it held.
        """
        options = session_options(self._threads)
        # Its threads would otherwise spin while the next layer's weights are widened.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        session = open_session(self._path, options, CPU_PROVIDER)
        described = session.get_modelmeta().custom_metadata_map[METADATA]
        count = tokens.embeddings.shape[1]
        cache.place_tables(cache.length, tokens.tables)
        hidden = tokens.embeddings[0].copy()
        layers = cache.layers()
        with (
            LayerWeights(self._path.parent / DECODER_WEIGHTS_NAME, described, self._threads) as weights,
            self._runs.options() as run_options,
        ):
            for layer in range(self._shape.layers):
                inputs, buffers = weights.read(layer), layers.open(layer)
                # Of the last layer only keys and values matter.
                run_options.only_execute_path_to_fetches = last = layer == self._shape.layers - 1
                for start in range(0, count, TOKENS_AT_ONCE):
                    part = slice(start, min(start + TOKENS_AT_ONCE, count))
                    binding = self._bound(session, inputs, buffers, cache, part.stop)
                    binding.bind_cpu_input("hidden", hidden[part])
                    binding.bind_cpu_input("deepstack_features", self._level(tokens, layer, part))
                    if not last:
                        binding.bind_output("output", "cpu")
                    session.run_with_iobinding(binding, run_options)
                    if not last:
                        hidden[part] = binding.get_outputs()[-1].numpy()
                layers.keep(layer, count)
        cache.length += count

    def _bound(
        self,
        session: Any,
        inputs: dict[str, NDArray[Any]],
        buffers: tuple[Any, Any],
        cache: KeyValueCache,
        end: int,
    ) -> Any:
        """Bind a layer's weights, keys and values, for a run up to token ``end`` of the prompt."""
        binding = session.io_binding()
        total = cache.length + end
        places = {
            "seqlens_k": np.asarray([total - 1], dtype=np.int32),
            "total_sequence_length": np.asarray(total, dtype=np.int32),
        }
        for name, value in {**inputs, **places}.items():
            binding.bind_cpu_input(name, value)
        binding.bind_ortvalue_input("rotary_cos", cache.cosines)
        binding.bind_ortvalue_input("rotary_sin", cache.sines)
        for kind, buffer in zip(("key", "value"), buffers, strict=True):
            binding.bind_ortvalue_input(f"past_key_values.0.{kind}", buffer)
            binding.bind_ortvalue_output(f"present.0.{kind}", buffer)
        return binding

    def _level(self, tokens: EncodedPrompt, layer: int, part: slice) -> NDArray[np.float32]:
        """Return what DeepStack adds after a layer."""
        if layer >= len(tokens.deepstack):
            return np.zeros((1, self._shape.hidden_size), dtype=np.float32)
        level = tokens.deepstack[layer]
        return np.ascontiguousarray(level if len(level) == 1 else level[part])
