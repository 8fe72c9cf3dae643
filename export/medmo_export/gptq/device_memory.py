"""Predicts what quantizing takes of a device's memory, before the work begins."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from medmo_export.gptq.options import GptqOptions
from medmo_models.errors import CannotRunError
from medmo_models.preprocessing import PreparedPrompt
from medmo_models.specs import Architecture

_GIB = 2**30
_FLOAT32 = 4
#: Square matrices of the widest input at once: the moments, their order, the factor, its inverse and a workspace.
_SQUARES, _SQUARES_GPTAQ = 5, 8
#: Copies of the largest weight in the solver: source, result, losses and a block's updates.
_WEIGHT_COPIES = 4
#: What the allocator holds beyond the tensors.
_RESERVE = 1.15


@dataclass(frozen=True)
class LongestSample:
    """The most tokens and the most image patches that one calibration sample has."""

    tokens: int
    patches: int

    def including(self, prompt: PreparedPrompt) -> LongestSample:
        """Return the longest of what was seen so far and one more sample."""
        patches = 0 if prompt.pixel_values is None else len(prompt.pixel_values)
        return LongestSample(max(self.tokens, len(prompt.input_ids)), max(self.patches, patches))


def predict_bytes(shape: Architecture, item_bytes: int, longest: LongestSample, options: GptqOptions) -> int:
    """Return the peak of the larger of two phases: encoding the samples, and one decoder layer.

    Parameters
    ----------
    shape : Architecture
    item_bytes : int
        Of a weight and of an activation.
    longest : LongestSample
    options : GptqOptions
    """
    return int(_RESERVE * max(_encoding(shape, item_bytes, longest), _one_layer(shape, item_bytes, longest, options)))


def check_device_memory(
    shape: Architecture, item_bytes: int, longest: LongestSample, options: GptqOptions, device: str
) -> str | None:
    """Return the prediction as a sentence, None for a CPU.

    Raises
    ------
    CannotRunError
        If there is no such device, or not enough of its memory is free.
    """
    if torch.device(device).type != "cuda":
        return None
    if not torch.cuda.is_available():
        raise CannotRunError(f"There is no {device} here; leave --device out to quantize on the CPU.")
    free, _ = torch.cuda.mem_get_info(device)
    needed = predict_bytes(shape, item_bytes, longest, options)
    sentence = f"{device}: about {needed / _GIB:.1f} GiB of memory needed at the peak, {free / _GIB:.1f} GiB free"
    if needed > free:
        raise CannotRunError(f"{sentence}; use shorter calibration samples, another device or the CPU.")
    return sentence


def _encoding(shape: Architecture, item_bytes: int, longest: LongestSample) -> int:
    vision, inner = shape.vision_hidden_size, shape.vision_intermediate_size
    weights = shape.vision_layers * (4 * vision**2 + 2 * vision * inner)
    merged = vision * shape.spatial_merge_size**2
    weights += (1 + len(shape.deepstack_levels)) * (merged**2 + merged * shape.hidden_size)
    weights += shape.vocabulary_size * shape.hidden_size
    activations = longest.patches * (inner + 6 * vision) + longest.tokens * 6 * shape.hidden_size
    return item_bytes * (weights + activations)


def _one_layer(shape: Architecture, item_bytes: int, longest: LongestSample, options: GptqOptions) -> int:
    attention, keys = shape.heads * shape.head_dim, shape.key_value_heads * shape.head_dim
    weights = shape.hidden_size * (2 * attention + 2 * keys + 3 * shape.intermediate_size)
    copies = 2 if options.gptaq > 0 else 1
    widest = max(shape.intermediate_size, attention, shape.hidden_size)
    squares = (_SQUARES_GPTAQ if options.gptaq > 0 else _SQUARES) * widest**2
    solver = squares + _WEIGHT_COPIES * widest * shape.hidden_size
    activations = longest.tokens * (3 * shape.intermediate_size + 8 * shape.hidden_size)
    return item_bytes * copies * weights + _FLOAT32 * (solver + copies * activations)
