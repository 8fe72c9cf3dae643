"""The reference of a quantized artifact: its weights written out in float32, computed by transformers alone.

Independent of every quantized kernel, so a backend that computes wrongly shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from medmo_models.errors import InputError
from medmo_models.strict_json import read_json_object


def load_dequantized(directory: Path, method: str) -> Qwen3VLForConditionalGeneration:
    """Build the network in float32 on the CPU with every packed weight unpacked.

    Parameters
    ----------
    directory : Path
        An artifact or checkpoint.
    method : str
        The manifest's method: ``gptq``, ``bnb-nf4``, ``bnb-fp4`` or a full precision.

    Raises
    ------
    InputError
        If a tensor is missing.
    """
    settings = read_json_object(directory / "config.json")
    settings.pop("quantization_config", None)
    tensors: dict[str, torch.Tensor] = {}
    for file in sorted(directory.glob("*.safetensors")):
        tensors |= load_file(file)
    if method == "gptq":
        tensors = unpack_gptq(tensors)
    elif method.startswith("bnb"):
        tensors = _unpack_bitsandbytes(tensors)
    network = Qwen3VLForConditionalGeneration(Qwen3VLConfig.from_dict(settings)).float()
    missing, _ = network.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)
    tied = {"lm_head.weight"} if network.config.tie_word_embeddings else set()
    if lost := sorted(set(missing) - tied):
        raise InputError(f"{directory} lacks {lost[0]} and {len(lost) - 1} more tensors; copy or export it again.")
    network.tie_weights()
    return network.eval()


def unpack_words(packed: torch.Tensor, bits: int, axis: int) -> torch.Tensor:
    """Unpack int32 words into ``32 / bits`` values each, the lowest bits first, along ``axis``."""
    shifts = torch.arange(0, 32, bits, dtype=torch.int32)
    places = shifts.reshape([-1 if d == axis + 1 else 1 for d in range(3)])
    values: torch.Tensor = (packed.unsqueeze(axis + 1) >> places) & (2**bits - 1)
    return values.flatten(axis, axis + 1)


def unpack_gptq(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Undo GPTQ's layout, version 1, of 4 or 8 bits: weight[out, in] = (q - (z + 1)) * scale, a group per ``g_idx``.

    Parameters
    ----------
    tensors : dict
        By name; what belongs to no packed layer is returned as it is.

    Returns
    -------
    dict
        float32 weights, shape (outputs, inputs), in place of the packed tensors.
    """
    result = {}
    for name, value in tensors.items():
        layer, _, part = name.rpartition(".")
        if part == "qweight":
            scales, groups = tensors[f"{layer}.scales"].float(), tensors[f"{layer}.g_idx"].long()
            bits = 32 * len(value) // len(groups)
            quantized = unpack_words(value, bits, axis=0)
            zeros = unpack_words(tensors[f"{layer}.qzeros"], bits, axis=1) + 1
            result[f"{layer}.weight"] = ((quantized - zeros[groups]) * scales[groups]).T.contiguous()
        elif part not in ("qzeros", "scales", "g_idx"):
            result[name] = value
    return result


def _unpack_bitsandbytes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    from bitsandbytes.functional import QuantState, dequantize_4bit

    result: dict[str, torch.Tensor] = {}
    for name, value in tensors.items():
        states: dict[str, Any] = {
            key[len(name) + 1 :]: state for key, state in tensors.items() if key.startswith(f"{name}.")
        }
        if states:
            state = QuantState.from_dict(states, device=torch.device("cpu"))
            result[name] = dequantize_4bit(value, state)
        elif not any(name.startswith(f"{weight}.") for weight in tensors):
            result[name] = value
    return result
