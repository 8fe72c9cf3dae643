"""Predicts memory by component, before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from medmo_models.specs import ModelSpec

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by component.

    Attributes
    ----------
    weights : int
    kv_cache : int
    vision : int
        Activations of the vision tower for the largest image allowed.
    workspace : int
        Logits, temporary results and, on a CPU, the libraries themselves.
    """

    weights: int
    kv_cache: int
    vision: int
    workspace: int

    @property
    def total(self) -> int:
        """The sum."""
        return self.weights + self.kv_cache + self.vision + self.workspace


def estimate(
    spec: ModelSpec, weight_bytes: int, dtype: str, device: str, context_tokens: int, max_pixels: int | None = None
) -> MemoryEstimate:
    """Predict memory from the shape.

    Parameters
    ----------
    spec : ModelSpec
        The model's shape.
    weight_bytes : int
        Bytes of the weights as loaded.
    dtype : str
        Of activations and KV cache: ``float32``, ``bfloat16`` or ``float16``.
    device : str
        On ``cpu`` the workspace includes torch's own libraries (about 0.6 GB resident).
    context_tokens : int
        Prompt and answer length.
    max_pixels : int, optional
        Bound of the image's area; the spec's ``default_max_pixels`` if not given.
    """
    size, shape = _BYTES[dtype], spec.architecture
    kv_cache = 2 * shape.layers * shape.key_value_heads * shape.head_dim * context_tokens * size
    patches = (max_pixels or spec.default_max_pixels) // shape.patch_size**2
    # Residual, normalized input, three of q/k/v, attention output, and two of the MLP's width live at once.
    vision = patches * (6 * shape.vision_hidden_size + 2 * shape.vision_intermediate_size) * size + patches * 1536 * 4
    prefill = context_tokens * (6 * shape.hidden_size + 3 * shape.intermediate_size) * size
    libraries = 600 * 2**20 if device == "cpu" else 300 * 2**20
    return MemoryEstimate(weight_bytes, kv_cache, vision, prefill + shape.vocabulary_size * 4 + libraries)


def device_free_bytes(device: str) -> int | None:
    """Return the free memory of an accelerator, None where torch cannot tell."""
    if not device.startswith("cuda"):
        return None
    import torch

    return int(torch.cuda.mem_get_info(device)[0])


def readable_bytes(count: int) -> str:
    """Return for example ``3.3 GB`` (powers of ten) or ``12 MB``."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{count / 10**6:.0f} MB"
