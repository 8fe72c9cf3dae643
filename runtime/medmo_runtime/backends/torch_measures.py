"""What torch's backends do to need less memory on a device: parts that live on the host, 8-bit head, 8-bit cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers.cache_utils import Cache, DynamicLayer

from medmo_runtime.memory import Measure

if TYPE_CHECKING:
    from transformers import Qwen3VLForConditionalGeneration

#: Rows of the head that are widened at once: 16,384 x 4,096 values in 16 bits are 134 MB.
_HEAD_ROWS = 16_384


def device_map(device: str, measures: frozenset[Measure]) -> dict[str, str]:
    """Return where each part is loaded to, in accelerate's words."""
    places = {"": device}
    if "vision-released" in measures:
        places["model.visual"] = "cpu"
    if "embedding-on-host" in measures:
        places["model.language_model.embed_tokens"] = "cpu"
        places["lm_head"] = "cpu"
    return places


def apply_measures(network: Qwen3VLForConditionalGeneration, device: str, measures: frozenset[Measure]) -> None:
    """Change a loaded network in place so that it needs less memory on ``device``."""
    parts: Any = network
    if device != "cpu" and measures & {"vision-released", "embedding-on-host"}:
        _remove_offload_hooks(network)
    if "8-bit-head" in measures:
        parts.lm_head = EightBitHead(parts.lm_head.weight.detach(), device)
    elif "embedding-on-host" in measures:
        weight = parts.lm_head.weight.detach().to(device)
        parts.lm_head = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        parts.lm_head.weight = nn.Parameter(weight, requires_grad=False)
    if "embedding-on-host" in measures:
        text = parts.model.language_model
        text.embed_tokens = HostEmbedding(text.embed_tokens.weight.detach().to("cpu"), device)


def _remove_offload_hooks(network: Qwen3VLForConditionalGeneration) -> None:
    """Take accelerate's hooks away, which would copy what lives on the host to the device for every token."""
    from accelerate.hooks import remove_hook_from_submodules

    remove_hook_from_submodules(network)


class HostEmbedding(nn.Module):
    """An embedding in host memory; only the rows of the tokens go to the device.

    Parameters
    ----------
    weight : Tensor, shape (vocabulary, hidden)
    device : str
    """

    def __init__(self, weight: torch.Tensor, device: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self._device = device

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the rows of ``ids`` on the device."""
        return nn.functional.embedding(ids.to("cpu"), self.weight).to(self._device)


class EightBitHead(nn.Module):
    """An output head in 8 bits, one scale per row, symmetric; widened a block of rows at a time.

    Parameters
    ----------
    weight : Tensor, shape (vocabulary, hidden)
    device : str
        Where it is kept and computed.
    """

    values: torch.Tensor
    scales: torch.Tensor

    def __init__(self, weight: torch.Tensor, device: str) -> None:
        super().__init__()
        values, scales = [], []
        for rows in torch.split(weight, _HEAD_ROWS):
            scale = rows.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            values.append((rows.float() / scale).round().to(torch.int8).to(device))
            scales.append(scale.to(device))
        self.register_buffer("values", torch.cat(values))
        self.register_buffer("scales", torch.cat(scales).squeeze(1))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits of ``hidden``, shape (..., vocabulary), in its dtype."""
        parts = [
            nn.functional.linear(hidden, rows.to(hidden.dtype)) * scales.to(hidden.dtype)
            for rows, scales in zip(
                torch.split(self.values, _HEAD_ROWS), torch.split(self.scales, _HEAD_ROWS), strict=True
            )
        ]
        return torch.cat(parts, dim=-1)


class EightBitLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values of one layer in 8 bits, with one scale per token and head; widened for the layer that runs.

    ``keys`` and ``values`` hold int8, shape (batch, heads, tokens, head_dim).
    """

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Start empty."""
        self.dtype, self.device = key_states.dtype, key_states.device
        empty = [*key_states.shape[:2], 0]
        self.keys, self.values = (
            torch.empty([*empty, states.shape[-1]], dtype=torch.int8, device=self.device)
            for states in (key_states, value_states)
        )
        self.key_scales, self.value_scales = (
            torch.empty([*empty, 1], dtype=torch.float16, device=self.device) for _ in range(2)
        )
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add tokens and return all keys and values in the states' dtype."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.keys, self.key_scales = _append(self.keys, self.key_scales, key_states)
        self.values, self.value_scales = _append(self.values, self.value_scales, value_states)
        return (
            self.keys.to(self.dtype) * self.key_scales.to(self.dtype),
            self.values.to(self.dtype) * self.value_scales.to(self.dtype),
        )


def _append(kept: torch.Tensor, scales: torch.Tensor, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scale = (states.float().abs().amax(dim=-1, keepdim=True) / 127).clamp(min=1e-7)
    scale = scale.to(torch.float16).float()
    values = (states.float() / scale).round().clamp(-127, 127).to(torch.int8)
    return torch.cat([kept, values], dim=-2), torch.cat([scales, scale.to(torch.float16)], dim=-2)


def eight_bit_cache() -> Cache:
    """Return an empty cache that keeps 8 bits a value."""
    return Cache(layer_class_to_replicate=EightBitLayer)
