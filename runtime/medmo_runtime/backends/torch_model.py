"""Greedy decoding of a `Qwen3VLForConditionalGeneration` in torch, whatever its linear layers are.

The network is transformers' own, so DeepStack, the vision tower and the positions are its own too;
this module drives it token by token, so that an answer streams and can be cancelled.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from medmo_models.errors import OutOfMemoryError
from medmo_models.networks.inputs import encode_prompt
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.backends.torch_measures import apply_measures, device_map, eight_bit_cache
from medmo_runtime.generation import (
    FinishReason,
    GeneratedToken,
    Generation,
    PhaseCallback,
    StopSignal,
    TokenCallback,
)
from medmo_runtime.hardware.host_memory import peak_process_memory_bytes
from medmo_runtime.memory import Measure

if TYPE_CHECKING:
    from transformers import Qwen3VLForConditionalGeneration


class _StoppedError(Exception):
    """The stop signal was seen between two layers."""


def load_torch_model(
    load: Callable[[str | dict[str, str]], Qwen3VLForConditionalGeneration], device: str, measures: frozenset[Measure]
) -> TorchModel:
    """Load a network with ``load``, which takes a device or accelerate's device map, and apply measures.

    Raises
    ------
    OutOfMemoryError
        If memory runs out.
    """
    with memory_errors_explained(device, "loading the model"):
        network = load(device if device == "cpu" else device_map(device, measures))
        apply_measures(network, device, measures)
    return TorchModel(network.eval(), device, measures)


#: In what words torch's libraries say that memory ran out; the last is oneDNN's, which has no word for it (measured
#: under RLIMIT_AS: it cannot map the code that it makes for a product).
_MEMORY_TEXTS = ("allocate memory", "out of memory", "Cannot allocate", "could not create a primitive")


@contextmanager
def memory_errors_explained(device: str, doing: str) -> Iterator[None]:
    """Turn running out of memory into one sentence."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemoryError(
            f"{device} ran out of memory while {doing}; try a smaller image (--max-pixels) or a 4-bit artifact."
        ) from error
    except RuntimeError as error:
        if not any(text in str(error) for text in _MEMORY_TEXTS):
            raise
        raise OutOfMemoryError(f"The host ran out of memory while {doing}; close other programs.") from error


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
    measures : frozenset of str
        What was done to the network to need less memory (`apply_measures`).
    """

    def __init__(
        self, network: Qwen3VLForConditionalGeneration, device: str, measures: frozenset[Measure] = frozenset()
    ) -> None:
        self.network: Any = network
        self.device = device
        self._measures = measures
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
        stop: StopSignal | None = None,
    ) -> Generation:
        """Answer ``prompt`` (see `LoadedModel.generate`)."""
        announce = on_phase or (lambda _: None)
        if self.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats(self.device)
        stop = stop or StopSignal()
        clock = [time.perf_counter()]
        tokens: list[GeneratedToken] = []
        reason: FinishReason = "cancelled"
        with memory_errors_explained(self.device, "answering"), self._stopping(stop):
            announce("vision")
            inputs = self._encode(prompt)
            clock.append(self._now())
            announce("prefill")
            cache = self._new_cache()
            logits = self.network(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
            token = self._greedy(logits)
            clock.append(time.perf_counter())
            announce("decode")
            following = int(inputs["position_ids"].max()) + 1
            reason = self._decode(tokens, token, cache, following, max_new_tokens, on_token)
        encoded, prefilled = (*clock[1:], *[time.perf_counter()] * 2)[:2]
        return Generation(
            tokens=tuple(tokens),
            finish_reason=reason,
            vision_s=encoded - clock[0],
            prefill_s=prefilled - encoded,
            decode_s=time.perf_counter() - prefilled,
            peak_memory_bytes=self._peak_memory(),
        )

    def _encode(self, prompt: PreparedPrompt) -> dict[str, Any]:
        """Encode the images, the vision encoder on the device for as long as it works."""
        if "vision-released" not in self._measures or prompt.pixel_values is None:
            return encode_prompt(self.network, prompt, self.device)
        visual = self.network.model.visual
        visual.to(self.device)
        try:
            return encode_prompt(self.network, prompt, self.device)
        finally:
            visual.to("cpu")
            if self.device.startswith("cuda"):
                torch.cuda.empty_cache()

    def _new_cache(self) -> Any:
        from transformers import DynamicCache

        if "8-bit-cache" in self._measures:
            return eight_bit_cache()
        return DynamicCache(config=self.network.config.text_config)

    @contextmanager
    def _stopping(self, stop: StopSignal) -> Iterator[None]:
        """Look at the signal before every layer; the ``with`` block ends early once it is set."""

        def check(*_: Any) -> None:
            if stop.is_set:
                raise _StoppedError

        layers = [*self.network.model.visual.blocks, *self.network.model.language_model.layers]
        hooks = [layer.register_forward_pre_hook(check) for layer in layers]
        try:
            yield
        except _StoppedError:
            pass
        finally:
            for hook in hooks:
                hook.remove()

    def prepare(self, prompt: PreparedPrompt, shared: int) -> None:
        """Do nothing: this backend keeps nothing between prompts."""

    def keep_images(self, folder: Path) -> None:
        """Do nothing: this backend keeps no encoded images."""

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        """Return the logits from position ``first`` on (see `LoadedModel.logits`)."""
        with memory_errors_explained(self.device, "answering"), torch.inference_mode():
            kept = len(prompt.input_ids) - first
            output = self.network(
                **self._encode(prompt), past_key_values=self._new_cache(), use_cache=True, logits_to_keep=kept
            )
            logits: NDArray[np.float32] = output.logits[0].float().cpu().numpy()
        return logits

    def _decode(
        self,
        tokens: list[GeneratedToken],
        token: GeneratedToken,
        cache: Any,
        position: int,
        max_new_tokens: int,
        on_token: TokenCallback | None,
    ) -> FinishReason:
        while True:
            if token.id in self._ends:
                return "stop"
            tokens.append(token)
            if on_token is not None and not on_token(token):
                return "cancelled"
            if len(tokens) >= max_new_tokens:
                return "length"
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
