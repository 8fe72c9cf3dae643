"""An ONNX artifact run by OpenVINO, over the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.cache import zeros_like_levels
from medmo_models.networks.onnx.host import EncodedPrompt, GraphNetwork, RunInterruptedError, VisionEncoder
from medmo_models.networks.onnx.settings import EMBEDDING_NAME, EXACT_DECODER_NAME
from medmo_models.networks.onnx.vision import OnnxVision
from medmo_models.networks.openvino.arranging import Arranging
from medmo_models.networks.openvino.graphs import decoder_model, embedding_table
from medmo_models.networks.openvino.library import import_openvino
from medmo_models.networks.openvino.plugin import CpuPlugin, copied_outputs, set_inputs
from medmo_models.networks.openvino.state import StateCache
from medmo_models.networks.openvino.stored_graph import StoredGraph
from medmo_models.networks.openvino.vision import OpenVinoVision
from medmo_models.process import trim_memory


class OpenVinoNetwork(GraphNetwork[StateCache]):
    """An ONNX artifact loaded with OpenVINO; vision encoder and decoder follow when they are first needed.

    Parameters
    ----------
    directory : Path
        The artifact.
    exact : bool
        Multiply float32 activations instead of rounding them to int8.
    threads : int, optional
        OpenVINO's own choice if not given.
    eight_bit_cache : bool
        Keep keys and values in 8 bits, rounded token by token.
    vision_as_stored : bool
        Run the vision encoder with ONNX Runtime, which multiplies 16-bit weights as they are in the file: OpenVINO
        holds them in 32 bits and in its own arrangement besides (2026.4).

    Raises
    ------
    InputError
        If a graph is missing or damaged.
    CannotRunError
        If OpenVINO cannot be loaded, or cannot compile a graph.
    """

    def __init__(
        self,
        directory: Path,
        *,
        exact: bool = False,
        threads: int | None = None,
        eight_bit_cache: bool = False,
        vision_as_stored: bool = False,
    ) -> None:
        super().__init__(directory)
        self._directory = directory
        self._table = embedding_table(directory / EMBEDDING_NAME)
        cache = "u8" if eight_bit_cache else "f32" if exact else "f16"
        self._plugin = CpuPlugin(exact=exact, threads=threads, KV_CACHE_PRECISION=cache)
        self._vision: VisionEncoder = OpenVinoVision(self._plugin, directory, self.settings.shape, eight_bits=not exact)
        if vision_as_stored:
            self._vision = OnnxVision(directory, threads=threads)
        self._decoder: Any = None
        # What a compiled graph does not rearrange it reads from the mapped files as long as it lives.
        self._decoder_weights: StoredGraph | None = None
        self._arranging: Arranging | None = None
        self._request: Any = None
        self._running: Any = None

    def interrupt(self) -> None:
        """Make the run that another thread is in end soon, with `RunInterruptedError`."""
        running = self._running
        if running is not None:
            running.cancel()
        self._vision.cancel()

    def load_vision(self) -> None:
        """Load the vision encoder, if it is not."""
        self._vision.load()

    def release_vision(self) -> None:
        """Free the vision encoder and what it needed."""
        self._vision.release()

    def load_decoder(self) -> None:
        """Load the decoder, if it is not; its weights are arranged in the background, for which the first run waits."""
        if self._decoder is None:
            model, self._decoder_weights = decoder_model(self._directory / EXACT_DECODER_NAME, self.settings.shape)
            self._decoder = self._plugin.compile(model, self._directory / EXACT_DECODER_NAME)
            self._arranging = self._arrange(self._decoder_weights)

    def release_decoder(self) -> None:
        """Free the decoder's weights and its state."""
        if self._arranging is not None:
            self._arranging.stop()
            self._arranging = None
        if self._decoder is not None:
            self._decoder = self._request = self._decoder_weights = None
            trim_memory()

    def new_cache(self, capacity: int) -> StateCache:
        """Return the decoder's state, emptied; there is only one."""
        self._free_state()
        return StateCache(self._free_state)

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of tokens, shape (1, length, hidden)."""
        return self._table[ids].astype(np.float32)[None]

    def run(self, tokens: EncodedPrompt, cache: StateCache, kept: int = 1) -> NDArray[np.float32]:
        """Run the decoder on tokens that follow what the state holds, and add them to it.

        Returns
        -------
        ndarray of float32, shape (kept, vocabulary)
            Logits of the last ``kept`` tokens.
        """
        self.load_decoder()
        if self._arranging is not None:
            with self._interruptible(self._arranging):
                self._arranging.wait()
            self._arranging = None
        if cache.wants_clearing:
            self._rewrite(cache)
        if self._request is None:
            self._request = self._decoder.create_infer_request()
        inputs = _decoder_inputs(tokens, cache, kept)
        cache.interrupted = True  # until the run has ended, its layers' states differ in length
        _held = set_inputs(self._request, inputs)
        with self._interruptible(self._request):
            self._request.start_async()
            self._request.wait()
        logits = copied_outputs(self._request)[0]
        cache.interrupted = False
        cache.add(tokens.embeddings.shape[1])
        kept_rows: NDArray[np.float32] = logits[0]
        return kept_rows

    def run_vision(self, inputs: dict[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the vision graph; return its features and its DeepStack levels."""
        return self._vision.run(inputs)

    @contextmanager
    def _interruptible(self, running: Any) -> Iterator[None]:
        """Let `interrupt` reach what has a ``cancel``."""
        self._running = running
        try:
            yield
        except Exception as error:  # OpenVINO's errors share no base but RuntimeError
            if "cancel" in str(error).lower():
                raise RunInterruptedError from error
            raise
        finally:
            self._running = None

    def _arrange(self, weights: StoredGraph) -> Arranging:
        """Begin to run one token, with which the plug-in makes its own arrangement of the packed weights."""
        shape = self.settings.shape
        tables = np.zeros((1, shape.head_dim // 2), dtype=np.float32)
        embeddings = np.zeros((1, 1, shape.hidden_size), dtype=np.float32)
        token = EncodedPrompt(embeddings, zeros_like_levels(self._levels, shape.hidden_size), (tables, tables), 1)
        request = self._decoder.create_infer_request()
        held = set_inputs(request, _decoder_inputs(token, StateCache(lambda: None), 1))
        return Arranging(request, held, weights)

    def _free_state(self) -> None:
        if self._request is not None:
            self._request = None
            self._decoder.release_memory()  # what the last run computed with, which is kept otherwise
            trim_memory()

    def _rewrite(self, cache: StateCache) -> None:
        """Leave nothing but the places that count in every layer's state."""
        openvino = import_openvino()
        counting = cache.counting
        if not len(counting):
            cache.release()
            return
        for state in self._request.query_state():
            state.state = openvino.Tensor(np.ascontiguousarray(state.state.data[:, :, counting]))
        cache.keep(len(counting))


def _decoder_inputs(tokens: EncodedPrompt, cache: StateCache, kept: int) -> dict[str, NDArray[Any]]:
    return {
        "inputs_embeds": tokens.embeddings,
        "deepstack_features": tokens.deepstack,
        "rotary_cos": tokens.tables[0],
        "rotary_sin": tokens.tables[1],
        "mask": cache.mask(tokens.embeddings.shape[1]),
        "order": np.zeros(1, dtype=np.int32),
        "logits_kept": np.asarray([kept], dtype=np.int64),
    }
