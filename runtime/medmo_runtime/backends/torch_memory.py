"""Predicts the memory of the backends on torch."""

from __future__ import annotations

from dataclasses import dataclass

from medmo_models.artifact import Artifact
from medmo_models.specs import Architecture
from medmo_runtime.components import WeightBytes, weight_bytes
from medmo_runtime.memory import Measure, MemoryParts, Workload, cache_bytes, feature_bytes

#: What the host's allocator adds to the weights, as a share of them: without it the full-precision model of the 4B
#: shape was predicted at 0.999 of its measured peak.
_ALLOCATOR_SHARE = 0.02
DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_STORED_BYTES = {"fp32": 4}
_MB = 10**6
#: A CUDA context with the kernels that a model uses (NVIDIA's figure for recent GPUs is 300 to 500 MB).
_DEVICE_CONTEXT = 450 * _MB


@dataclass(frozen=True)
class TorchCosts:
    """What a backend adds to the weights, measured on a CPU (see docs/performance.md, Predicted memory).

    Attributes
    ----------
    libraries : int
        Resident bytes of the process before a model is loaded.
    packed_copies : float
        Packed weights resident per byte stored, on a CPU.
    repacks : bool
        Whether a CPU's kernel has the packed weights in an order of its own, made while loading.
    wide_values : int
        Bytes of a value inside of the decoder's activations; the dtype's own if 0.
    """

    libraries: int
    packed_copies: float = 1.0
    repacks: bool = False
    wide_values: int = 0


def torch_measures(artifact: Artifact, device: str) -> tuple[Measure, ...]:
    """Return what torch's backends can do: on a CPU there is no second memory to move anything to."""
    if device != "cpu":
        return ("vision-released", "embedding-on-host", "8-bit-head", "8-bit-cache")
    # A tied head shares the embedding's memory: an 8-bit copy beside it would only add to it.
    return ("8-bit-cache",) if artifact.spec.architecture.tied_head else ("8-bit-head", "8-bit-cache")


def predict_torch_memory(
    artifact: Artifact,
    device: str,
    dtype: str,
    workload: Workload,
    measures: frozenset[Measure],
    costs: TorchCosts,
    rounded: WeightBytes | None = None,
) -> MemoryParts:
    """Predict from the shape and the stored weights, or from what loading makes of them (``rounded``)."""
    in_file = weight_bytes(artifact)
    shape, stored, size = artifact.spec.architecture, rounded or in_file, DTYPE_BYTES[dtype]
    ratio = size / _STORED_BYTES.get(artifact.manifest.method, 2)
    on_host = "embedding-on-host" in measures
    embedding = int(stored.embedding * ratio)
    head = int(stored.head * ratio)
    host = embedding if on_host else 0
    if "8-bit-head" in measures:
        head = shape.vocabulary_size * (shape.hidden_size + 4)
    elif on_host and shape.tied_head:
        head = embedding
    vision = int(stored.vision * ratio)
    tokens = workload.context_tokens(shape)
    patches = workload.max_pixels // shape.patch_size**2
    cached = 1 + 2 / shape.head_dim if "8-bit-cache" in measures else size
    inner = costs.wide_values or size
    # Residual, normalized input, q/k/v, attention output and two of the MLP's width live at once.
    vision_values = 8 * shape.vision_hidden_size + 2 * shape.vision_intermediate_size
    prefill_values = 8 * shape.hidden_size + 3 * shape.intermediate_size
    layers = int(stored.packed_layers * (costs.packed_copies if device == "cpu" else 1) + stored.plain_layers * ratio)
    if costs.repacks and device == "cpu":
        layers += _repacked_scales(artifact)
    libraries = costs.libraries + int(_ALLOCATOR_SHARE * (layers + vision + embedding + head))
    return MemoryParts(
        libraries=libraries if device == "cpu" else _DEVICE_CONTEXT,
        layers=layers,
        embedding=0 if on_host else embedding,
        head=head,
        vision_weights=vision,
        kv_cache=cache_bytes(shape, tokens, cached),
        image_features=feature_bytes(shape, workload, size),
        vision_activations=patches * (vision_values * size + 2 * 1536 * 4),
        prefill_activations=tokens * prefill_values * inner + shape.vocabulary_size * 8,
        loading=_mapped_while_loading(in_file, shape, ratio, costs) if device == "cpu" else 0,
        vision_stays="vision-released" not in measures,
        host=host + (vision if "vision-released" in measures else 0),
    )


def _repacked_scales(artifact: Artifact) -> int:
    """Return what GPTQModel's CPU kernel holds of scales and zero points beside their stored form.

    In 16 bits: scales, zero points, and both once more in one tensor, so 8 bytes a group in place of 2.5
    (torch_aten_kernel.py, pack_scales_and_zeros).
    """
    shape = artifact.spec.architecture
    attention = 2 * shape.head_dim * (shape.heads + shape.key_value_heads)
    weights = shape.layers * shape.hidden_size * (attention + 3 * shape.intermediate_size)
    return int(5.5 * weights / (artifact.manifest.group_size or 128))


def _mapped_while_loading(stored: WeightBytes, shape: Architecture, ratio: float, costs: TorchCosts) -> int:
    """Return what is resident of the mapped file beside what is made of it, and what the largest layer needs meanwhile.

    Weights that are used as they are stored stay mapped: they are counted as weights.
    """
    converted = stored.embedding + stored.head + stored.vision + stored.plain_layers if ratio != 1 else 0
    if not costs.repacks:
        return converted
    # GPTQModel unpacks a layer to 8 bits twice and to 32 bits once (torch_aten_kernel.py, transform_cpu).
    return converted + stored.packed_layers + 6 * shape.hidden_size * shape.intermediate_size
