"""Predicts the memory of the backend `openvino`."""

from __future__ import annotations

from dataclasses import replace

from medmo_models.artifact import Artifact
from medmo_models.specs import Architecture
from medmo_runtime.backends.onnx.memory import releases_vision
from medmo_runtime.components import weight_bytes
from medmo_runtime.memory import Measure, MemoryParts, Workload, cache_bytes, feature_bytes

_MB = 10**6
#: The process with OpenVINO, the tokenizer and the image processor, before a model is loaded.
_LIBRARIES = 205 * _MB
#: The same with ONNX Runtime.
_BOTH_LIBRARIES = 235 * _MB
#: OpenVINO's vision encoder in memory per byte on disk, in float32: 32-bit weights, and arranged besides (measured).
_VISION_COPIES = 4
#: Bytes per weight of the vision encoder's products in 8 bits, the compiled graph among them: as stored, and rounded
#: while loading, where the plug-in keeps what it arranged from (measured).
_STORED_EIGHT_BITS, _ROUNDED_EIGHT_BITS = 1.35, 2.4


def _product_weights(shape: Architecture) -> int:
    """Return how many weights the products of the vision encoder's blocks and mergers have."""
    block = 4 * shape.vision_hidden_size**2 + 2 * shape.vision_hidden_size * shape.vision_intermediate_size
    merged = shape.vision_hidden_size * shape.spatial_merge_size**2
    return shape.vision_layers * block + (1 + len(shape.deepstack_levels)) * merged * (merged + shape.hidden_size)


def _vision_weights(shape: Architecture, stored: int, dtype: str) -> int:
    products = _product_weights(shape)
    if stored < 1.5 * products:
        return int(products * _STORED_EIGHT_BITS)
    return int(stored * _VISION_COPIES if dtype == "float32" else products * _ROUNDED_EIGHT_BITS)


def _vision_activations(shape: Architecture, workload: Workload) -> int:
    values = 17 * shape.vision_hidden_size + 2 * shape.vision_intermediate_size
    return workload.max_pixels // shape.patch_size**2 * values * 4


def with_openvino_vision(parts: MemoryParts, artifact: Artifact, dtype: str, workload: Workload) -> MemoryParts:
    """Return a prediction for ONNX Runtime with this vision encoder in place of its own."""
    shape = artifact.spec.architecture
    return replace(
        parts,
        libraries=_BOTH_LIBRARIES,
        vision_weights=_vision_weights(shape, weight_bytes(artifact).vision, dtype),
        # The decoder may still be loading while the first image is encoded.
        vision_activations=_vision_activations(shape, workload) + parts.loading,
    )


def predict_openvino_memory(
    artifact: Artifact, dtype: str, workload: Workload, measures: frozenset[Measure]
) -> MemoryParts:
    """Predict from the files' sizes and the shape (how well: docs/performance.md, Predicted memory)."""
    shape, stored = artifact.spec.architecture, weight_bytes(artifact)
    tokens = workload.context_tokens(shape)
    value = 4 if dtype == "float32" else 2
    cached = 1 if "8-bit-cache" in measures else value
    as_stored = "vision-as-stored" in measures
    prefill_values = 6 * shape.hidden_size + 5 * shape.intermediate_size
    features = feature_bytes(shape, workload, 4)
    # The plug-in doubles a state's room when it is full.
    cache = cache_bytes(shape, 2 * tokens, cached)
    inside_decoder = tokens * prefill_values * value
    return MemoryParts(
        libraries=_LIBRARIES,
        layers=stored.packed_layers,
        vision_weights=stored.vision if as_stored else _vision_weights(shape, stored.vision, dtype),
        kv_cache=cache,
        # The last image's features, and the last answer's state, which the plug-in keeps until the next run.
        kept_cache=features + cache_bytes(shape, tokens, cached),
        image_features=features,
        vision_activations=_vision_activations(shape, workload),
        prefill_activations=inside_decoder + features,
        vision_stays=not releases_vision(artifact),
    )
