"""Predicts the memory of the backend `onnx`."""

from __future__ import annotations

from dataclasses import dataclass

from medmo_models.artifact import Artifact
from medmo_models.networks.onnx.head_rows import RUNS_BETWEEN_DROPS
from medmo_models.networks.onnx.layerwise import TOKENS_AT_ONCE
from medmo_models.networks.onnx.settings import CACHE_SCALES_NAME, PREFILL_LAYER_NAME
from medmo_models.specs import Architecture
from medmo_runtime.backends.onnx.model import CAPACITY_STEP, CHUNK
from medmo_runtime.components import WeightBytes, weight_bytes
from medmo_runtime.memory import Measure, MemoryParts, Workload, cache_bytes, feature_bytes

_MB = 10**6
#: The process with ONNX Runtime, the tokenizer and the image processor, before a model is loaded.
_LIBRARIES = 125 * _MB
#: Packed weights in memory per byte on disk: ONNX Runtime's CPU kernels keep a rearranged copy with the sums of
#: blocks, and leave the mapped original.
_PACKED_COPIES = 1.12
#: A layer's weights while prompts go through layer by layer, per weight: 8 bits, 4 in their file, and some turned
#: (measured at 4B's shape with 300 to 2,500 tokens).
_LAYER_COPIES = 2.2
_FLOAT = 4
#: Weights of the head that share a scale.
_HEAD_BLOCK = 128
#: Mapped pages of a head with a shortlist: 128 rows a run and their scales, with 64 KB around each.
_HEAD_PAGES = RUNS_BETWEEN_DROPS * 128 * 2 * 64 * 1024
#: A vision encoder larger than this leaves memory after each image: loading it again takes 0.05 s at the 4B shape.
_WORTH_RELEASING = 64 * _MB


def releases_vision(artifact: Artifact) -> bool:
    """Whether the vision encoder is freed after each image."""
    return weight_bytes(artifact).vision > _WORTH_RELEASING


def has_eight_bit_cache(artifact: Artifact) -> bool:
    """Whether the artifact has scales for a KV cache in 8 bits."""
    return CACHE_SCALES_NAME in artifact.manifest.files


def cpu_measures(artifact: Artifact) -> tuple[Measure, ...]:
    """Return what can be given up on a CPU: time alone, then exact keys and values if the artifact has scales for them.

    What else could be done is done by the export, or always.
    """
    chunks: tuple[Measure, ...] = ("prompt-in-chunks",) if _has_prefill_layer(artifact) else ()
    cache: tuple[Measure, ...] = ("8-bit-cache",) if has_eight_bit_cache(artifact) else ()
    return (*chunks, "decoder-released", *cache)


@dataclass(frozen=True)
class Reading:
    """How prompts are read and kept on a CPU.

    Attributes
    ----------
    by_layer : bool
        Long ones go through the decoder layer by layer.
    eight_bit_cache : bool
        Keys and values are kept in 8 bits.
    """

    by_layer: bool = False
    eight_bit_cache: bool = False


def choose_reading(
    artifact: Artifact, dtype: str, measures: frozenset[Measure], *, multiplies_integers: bool
) -> Reading:
    """Return how prompts are read, by what the processor can.

    Beside int8 products a cache in 8 bits costs little, and takes a tenth off a token's time (docs/performance.md, Keys
    and values in 8 bits). Attention over it is slow for many tokens at once, unless they are read layer by layer.
    """
    rounds = dtype == "int8" and _has_prefill_layer(artifact)
    in_chunks = "prompt-in-chunks" in measures
    small = rounds and has_eight_bit_cache(artifact) and (multiplies_integers or in_chunks)
    return Reading(rounds and multiplies_integers and not in_chunks, small or "8-bit-cache" in measures)


def _has_prefill_layer(artifact: Artifact) -> bool:
    return PREFILL_LAYER_NAME in artifact.manifest.files


def _layerwise_bytes(shape: Architecture, tokens: int, capacity: int) -> int:
    """Predict what a prompt needs that goes through the decoder layer by layer.

    One layer's weights in 8 bits, packed as they are read, and some of them turned; its keys and values in float32;
    residuals of all tokens before and after a layer; and what the layer computes for some of the tokens, in columns of
    some of the feed-forward's.
    """
    heads = (shape.heads + 2 * shape.key_value_heads) * shape.head_dim
    weights = shape.hidden_size * (heads + shape.heads * shape.head_dim + 3 * shape.intermediate_size)
    inside = 8 * shape.hidden_size + heads + shape.heads * shape.head_dim + 5 * min(shape.intermediate_size, 2560)
    values = min(tokens, TOKENS_AT_ONCE) * inside + 2 * tokens * shape.hidden_size
    return int(weights * _LAYER_COPIES) + (values + 2 * shape.key_value_heads * shape.head_dim * capacity) * _FLOAT


def predict_cpu_memory(artifact: Artifact, dtype: str, workload: Workload, measures: frozenset[Measure]) -> MemoryParts:
    """Predict for a CPU, with or without instructions for products of integers: whichever needs more."""
    readings = [
        choose_reading(artifact, dtype, measures, multiplies_integers=multiplies_integers)
        for multiplies_integers in (True, False)
    ]
    lists = dtype == "int8"
    predicted = [predict_onnx_memory(artifact, workload, measures, reading, shortlist=lists) for reading in readings]
    return max(predicted, key=lambda parts: parts.total)


def _decoder_bytes(artifact: Artifact, stored: WeightBytes, *, shortlist: bool) -> int:
    """Predict the decoder's weights: of a head with a shortlist only the 4-bit rows are held."""
    if not (shortlist and stored.shortlist):
        return int(stored.packed_layers * _PACKED_COPIES)
    shape = artifact.spec.architecture
    head = shape.vocabulary_size * shape.hidden_size * (1 + _FLOAT / _HEAD_BLOCK)
    held = (stored.packed_layers - head + stored.shortlist) * _PACKED_COPIES
    return int(held + min(head, _HEAD_PAGES))


def predict_onnx_memory(
    artifact: Artifact,
    workload: Workload,
    measures: frozenset[Measure],
    reading: Reading = Reading(),
    *,
    shortlist: bool = False,
) -> MemoryParts:
    """Predict from the files' sizes and the shape (how well: docs/performance.md, Predicted memory).

    The vision encoder's weights are mapped from their file and leave with it after each image; of the embedding only
    the rows of the prompt's tokens are ever read.
    """
    shape, stored = artifact.spec.architecture, weight_bytes(artifact)
    tokens = workload.context_tokens(shape)
    capacity = -(-tokens // CAPACITY_STEP) * CAPACITY_STEP
    patches = workload.max_pixels // shape.patch_size**2
    chunk = min(CHUNK, tokens)
    # Values per patch: residual, three parts of q/k/v, two of them rotated, all three again by heads, and the result.
    # On the other side of the block it is the residual and twice the feed-forward's width; they share some memory.
    vision_values = 12 * shape.vision_hidden_size + 2 * shape.vision_intermediate_size
    # Values per token inside of the decoder, the attention's scores among them.
    prefill_values = 6 * shape.hidden_size + 5 * shape.intermediate_size + shape.heads * capacity
    cached = 1 if reading.eight_bit_cache else _FLOAT
    features = feature_bytes(shape, workload, _FLOAT)
    # The cache with its rotary tables, and the prompt's embeddings with their DeepStack levels twice: as they are
    # and as a chunk of them is handed over.
    cache = cache_bytes(shape, capacity, cached) + capacity * shape.head_dim * 2 * _FLOAT
    inside_decoder = chunk * prefill_values * _FLOAT
    reading_bytes = _layerwise_bytes(shape, tokens, capacity) if reading.by_layer else inside_decoder
    decoder_stays = "decoder-released" not in measures
    return MemoryParts(
        libraries=_LIBRARIES,
        layers=_decoder_bytes(artifact, stored, shortlist=shortlist),
        embedding=0,
        vision_weights=stored.vision,
        kv_cache=cache,
        # A decoder that stays while the next image is encoded keeps up to what it computed the last answer with.
        kept_cache=cache * (workload.images - 1) // workload.images + (inside_decoder if decoder_stays else 0),
        image_features=features + features // workload.images,
        vision_activations=patches * (vision_values * _FLOAT + 2 * 1536 * _FLOAT),
        prefill_activations=reading_bytes + features,
        # Loaded again after an answer, it finds the heap with about as much as that answer computed with: 77 MB at 4B's
        # shape were missing from a prediction without it.
        loading=shape.vocabulary_size * shape.hidden_size + (0 if decoder_stays else inside_decoder),
        vision_stays=not releases_vision(artifact),
        decoder_stays=decoder_stays,
    )
