"""Predicts the memory of the backend `onnx`."""

from __future__ import annotations

from medmo_models.artifact import Artifact
from medmo_models.networks.onnx.settings import CACHE_SCALES_NAME
from medmo_runtime.backends.onnx.model import CAPACITY_STEP, CHUNK
from medmo_runtime.components import weight_bytes
from medmo_runtime.memory import Measure, MemoryParts, Workload, cache_bytes, feature_bytes

_MB = 10**6
#: The process with ONNX Runtime, the tokenizer and the image processor, before a model is loaded.
_LIBRARIES = 125 * _MB
#: Packed weights in memory per byte on disk: ONNX Runtime's CPU kernels keep a rearranged copy with the sums of
#: blocks, and leave the mapped original.
_PACKED_COPIES = 1.12
_FLOAT = 4
#: A vision encoder larger than this leaves memory after each image: loading it again takes 0.05 s at the 4B shape.
_WORTH_RELEASING = 64 * _MB


def releases_vision(artifact: Artifact) -> bool:
    """Whether the vision encoder is freed after each image."""
    return weight_bytes(artifact).vision > _WORTH_RELEASING


def has_eight_bit_cache(artifact: Artifact) -> bool:
    """Whether the artifact has scales for a KV cache in 8 bits."""
    return CACHE_SCALES_NAME in artifact.manifest.files


def predict_onnx_memory(artifact: Artifact, workload: Workload, measures: frozenset[Measure]) -> MemoryParts:
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
    cached = 1 if "8-bit-cache" in measures else _FLOAT
    features = feature_bytes(shape, workload, _FLOAT)
    # The cache with its rotary tables, and the prompt's embeddings with their DeepStack levels twice: as they are
    # and as a chunk of them is handed over.
    cache = cache_bytes(shape, capacity, cached) + capacity * shape.head_dim * 2 * _FLOAT
    inside_decoder = chunk * prefill_values * _FLOAT
    decoder_stays = "decoder-released" not in measures
    return MemoryParts(
        libraries=_LIBRARIES,
        layers=int(stored.packed_layers * _PACKED_COPIES),
        embedding=0,
        vision_weights=stored.vision,
        kv_cache=cache,
        # A decoder that stays while the next image is encoded keeps up to what it computed the last answer with.
        kept_cache=cache * (workload.images - 1) // workload.images + (inside_decoder if decoder_stays else 0),
        image_features=features + features // workload.images,
        vision_activations=patches * (vision_values * _FLOAT + 2 * 1536 * _FLOAT),
        prefill_activations=inside_decoder + features,
        # Loaded again after an answer, it finds the heap with about as much as that answer computed with: 77 MB at 4B's
        # shape were missing from a prediction without it.
        loading=shape.vocabulary_size * shape.hidden_size + (0 if decoder_stays else inside_decoder),
        vision_stays=not releases_vision(artifact),
        decoder_stays=decoder_stays,
    )
