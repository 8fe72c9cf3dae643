"""Greedy decoding of a `Qwen3VLForConditionalGeneration` in torch, whatever its linear layers are.

The network is transformers' own, so DeepStack, the vision tower and the positions are its own too;
this module drives it token by token, so that an answer streams and can be cancelled.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from medmo_models.errors import CannotRunError
from medmo_models.networks.inputs import encode_prompt, prompt_logits
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.generation import FinishReason, GeneratedToken, Generation, PhaseCallback, TokenCallback
from medmo_runtime.machine import peak_process_memory_bytes

if TYPE_CHECKING:
    from transformers import Qwen3VLForConditionalGeneration


@contextmanager
def memory_errors_explained(device: str, doing: str) -> Iterator[None]:
    """Turn running out of memory into one sentence."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise CannotRunError(
            f"{device} ran out of memory while {doing}; try a smaller image (--max-pixels) or a 4-bit artifact."
        ) from error
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise CannotRunError(f"The host ran out of memory while {doing}; close other programs.") from error


def end_token_ids(network: Qwen3VLForConditionalGeneration) -> frozenset[int]:
    """Return the ids that end an answer: the generation config's, else the text config's."""
    stated = network.generation_config.eos_token_id
    if stated is None:
        stated = network.config.text_config.eos_token_id
    return frozenset(stated if isinstance(stated, list) else [] if stated is None else [stated])


class TorchModel:
    """A loaded network (see `medmo_runtime.generation.LoadedModel`).

    Parameters
    ----------
    network : Qwen3VLForConditionalGeneration
        In evaluation mode on ``device``.
    device : str
        A torch device.
    """

    def __init__(self, network: Qwen3VLForConditionalGeneration, device: str) -> None:
        self.network: Any = network
        self.device = device
        self._ends = end_token_ids(network)

    def close(self) -> None:
        """Free the memory."""
        self.network = None
        gc.collect()
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def generate(
        self,
        prompt: PreparedPrompt,
        max_new_tokens: int,
        on_token: TokenCallback | None = None,
        on_phase: PhaseCallback | None = None,
    ) -> Generation:
        """Answer ``prompt`` (see `LoadedModel.generate`)."""
        from transformers import DynamicCache

        announce = on_phase or (lambda _: None)
        if self.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats(self.device)
        with memory_errors_explained(self.device, "answering"):
            began = time.perf_counter()
            announce("vision")
            inputs = encode_prompt(self.network, prompt)
            encoded = self._now()
            announce("prefill")
            cache = DynamicCache(config=self.network.config.text_config)
            logits = self.network(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
            token = self._greedy(logits)
            prefilled = time.perf_counter()
            announce("decode")
            following = int(inputs["position_ids"].max()) + 1
            tokens, reason = self._decode(token, cache, following, max_new_tokens, on_token)
        return Generation(
            tokens=tokens,
            finish_reason=reason,
            vision_s=encoded - began,
            prefill_s=prefilled - encoded,
            decode_s=time.perf_counter() - prefilled,
            peak_memory_bytes=self._peak_memory(),
        )

    def prepare(self, prompt: PreparedPrompt, shared: int) -> None:
        """Do nothing: this backend keeps nothing between prompts."""

    def keep_images(self, folder: Path) -> None:
        """Do nothing: this backend keeps no encoded images."""

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        """Return the logits from position ``first`` on (see `LoadedModel.logits`)."""
        with memory_errors_explained(self.device, "answering"):
            return prompt_logits(self.network, prompt, first).numpy()

    def _decode(
        self,
        token: GeneratedToken,
        cache: Any,
        position: int,
        max_new_tokens: int,
        on_token: TokenCallback | None,
    ) -> tuple[tuple[GeneratedToken, ...], FinishReason]:
        tokens: list[GeneratedToken] = []
        while True:
            if token.id in self._ends:
                return tuple(tokens), "stop"
            tokens.append(token)
            if on_token is not None and not on_token(token):
                return tuple(tokens), "cancelled"
            if len(tokens) >= max_new_tokens:
                return tuple(tokens), "length"
            step = torch.tensor([[token.id]], device=self.device)
            places = torch.full((3, 1, 1), position, device=self.device)
            output = self.network(input_ids=step, position_ids=places, past_key_values=cache, use_cache=True)
            token = self._greedy(output.logits[0, -1])
            position += 1

    def _greedy(self, logits: torch.Tensor) -> GeneratedToken:
        best = int(logits.argmax())
        return GeneratedToken(best, float(logits.float().softmax(-1)[best]))

    def _now(self) -> float:
        if self.device.startswith("cuda"):
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def _peak_memory(self) -> int:
        if self.device.startswith("cuda"):
            return int(torch.cuda.max_memory_allocated(self.device))
        return peak_process_memory_bytes()
