"""Memory by component: what loading and answering need, in which phase, and what can be done to need less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medmo_models.specs import Architecture

Measure = Literal[
    "vision-released",
    "vision-as-stored",
    "prompt-in-chunks",
    "decoder-released",
    "embedding-on-host",
    "8-bit-head",
    "8-bit-cache",
]
#: What a plan can do to need less memory, in the order in which it is done, and what it gives up.
MEASURES: dict[Measure, str] = {
    "vision-released": "the vision encoder leaves the device after each image",
    "vision-as-stored": "the vision encoder's weights stay as stored, which takes longer",
    "prompt-in-chunks": "prompts are read a few tokens at a time, which takes longer",
    "decoder-released": "the decoder is loaded again after each new image",
    "embedding-on-host": "the embedding stays in host memory",
    "8-bit-head": "the output head is rounded to 8 bits",
    "8-bit-cache": "keys and values are kept in 8 bits",
}
#: Areas to which an image may be shrunk if nothing else helps, in pixels, largest first.
SMALLER_IMAGES = tuple(side * side for side in (1024, 896, 768, 640, 512, 384))
#: Prompt text and chat template of a usual question, in tokens.
_TEXT_TOKENS = 256


@dataclass(frozen=True)
class Workload:
    """What an answer may need at most.

    Attributes
    ----------
    max_pixels : int
        Area of the largest image after the resize.
    images : int
        Images that one conversation holds.
    new_tokens : int
        Longest answer.
    """

    max_pixels: int
    images: int = 1
    new_tokens: int = 512

    def image_tokens(self, shape: Architecture) -> int:
        """Return the tokens of all images."""
        side = shape.patch_size * shape.spatial_merge_size
        return self.images * (self.max_pixels // side**2)

    def context_tokens(self, shape: Architecture) -> int:
        """Return the longest prompt and answer together."""
        return self.image_tokens(shape) + _TEXT_TOKENS + self.new_tokens


@dataclass(frozen=True, kw_only=True)
class MemoryParts:
    """Bytes on the device by component.

    Attributes
    ----------
    libraries : int
        The libraries themselves: on a CPU the process before anything is loaded, else the device's context.
    layers, embedding, head, vision_weights : int
        Weights as loaded.
    kv_cache : int
    kept_cache : int
        Keys and values that stay while another image is encoded, and what else an answer leaves until the next.
    image_features : int
        Encoded images, DeepStack levels included.
    vision_activations, prefill_activations : int
        What the vision encoder and the prefill need beside it.
    loading : int
        What loading needs for a moment beside the weights.
    vision_stays, decoder_stays : bool
        Whether the vision encoder is in memory while the decoder works, and the other way round.
    host : int
        Bytes in host memory that would otherwise be on the device.
    """

    libraries: int = 0
    layers: int = 0
    embedding: int = 0
    head: int = 0
    vision_weights: int = 0
    kv_cache: int = 0
    kept_cache: int = 0
    image_features: int = 0
    vision_activations: int = 0
    prefill_activations: int = 0
    loading: int = 0
    vision_stays: bool = True
    decoder_stays: bool = True
    host: int = 0

    @property
    def decoder(self) -> int:
        """Weights of embedding, layers and head."""
        return self.layers + self.embedding + self.head

    @property
    def phases(self) -> dict[str, int]:
        """The peak of each phase."""
        resting_vision = self.vision_weights if self.vision_stays else 0
        resting_decoder = self.decoder if self.decoder_stays else self.embedding
        return {
            "load": self.libraries
            + self.decoder
            + resting_vision
            + self.loading
            + (0 if self.decoder_stays else self.image_features),
            "vision": self.libraries
            + resting_decoder
            + self.kept_cache
            + self.vision_weights
            + self.vision_activations
            + self.image_features,
            "answer": self.libraries
            + self.decoder
            + resting_vision
            + self.kv_cache
            + self.image_features
            + self.prefill_activations,
        }

    @property
    def total(self) -> int:
        """The highest peak."""
        return max(self.phases.values())


def cache_bytes(shape: Architecture, tokens: int, bytes_per_value: float) -> int:
    """Return the bytes of the keys and values of ``tokens`` tokens."""
    return int(2 * shape.layers * shape.key_value_heads * shape.head_dim * tokens * bytes_per_value)


def feature_bytes(shape: Architecture, workload: Workload, bytes_per_value: int) -> int:
    """Return the bytes of encoded images: the features and their DeepStack levels."""
    levels = 1 + len(shape.deepstack_levels)
    return levels * workload.image_tokens(shape) * shape.hidden_size * bytes_per_value


def readable_bytes(count: int) -> str:
    """Return for example ``3.3 GB`` (powers of ten) or ``12 MB``."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{count / 10**6:.0f} MB"
