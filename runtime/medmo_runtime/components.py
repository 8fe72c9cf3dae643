"""Bytes of an artifact's weights by component, from file headers; no tensor is read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from medmo_models.artifact import Artifact
from medmo_models.artifact.weights import TEXT_LINEAR, protected_layers, read_tensor_headers
from medmo_models.networks.bitsandbytes import BLOCK_SIZE, SCALE_BLOCK_SIZE
from medmo_models.networks.onnx.settings import DECODER_WEIGHTS_NAME, SHORTLIST_WEIGHTS_NAME

#: bitsandbytes' 4 bits, an 8-bit scale per block of weights, and a 32-bit one per block of scales.
_ROUNDED_BITS = 4 + 8 / BLOCK_SIZE + 32 / (BLOCK_SIZE * SCALE_BLOCK_SIZE)


@dataclass(frozen=True)
class WeightBytes:
    """Stored bytes: packed layers, the plain 16- or 32-bit rest of the layers, embedding, head and vision encoder.

    ``head`` is 0 where the head is the embedding, or in one file with the layers (ONNX); ``shortlist`` are the 4-bit
    rows that an ONNX artifact may have of it besides.
    """

    packed_layers: int
    plain_layers: int
    embedding: int
    head: int
    vision: int
    shortlist: int = 0


def weight_bytes(artifact: Artifact) -> WeightBytes:
    """Return the components of an artifact in safetensors or ONNX.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    if artifact.manifest.method.startswith("onnx"):
        return _onnx_bytes(artifact)
    counted = dict.fromkeys(("packed_layers", "plain_layers", "embedding", "head", "vision"), 0)
    headers = read_tensor_headers(sorted(artifact.path.glob("*.safetensors")))
    protected = set(protected_layers(headers))
    for name, header in headers.items():
        if name.rpartition(".")[0] in protected:  # torch runs them as plain layers: 16 bits for each 8-bit weight
            counted["plain_layers"] += 2 * header.bits // 8 if name.endswith(".qweight") else 0
        else:
            counted[_component(name, header.dtype)] += header.bits // 8
    return WeightBytes(**counted)


def rounded_weight_bytes(artifact: Artifact) -> WeightBytes:
    """Return the components of a full-precision checkpoint once its linear text layers are bitsandbytes' 4-bit ones.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    headers = read_tensor_headers(sorted(artifact.path.glob("*.safetensors")))
    linear = [header for name, header in headers.items() if TEXT_LINEAR.search(name) and name.endswith(".weight")]
    stored = weight_bytes(artifact)
    return replace(
        stored,
        packed_layers=int(sum(header.elements for header in linear) * _ROUNDED_BITS / 8),
        plain_layers=stored.plain_layers - sum(header.bits for header in linear) // 8,
    )


def _component(name: str, dtype: str) -> str:
    if "visual." in name:
        return "vision"
    if "embed_tokens." in name:
        return "embedding"
    if name.startswith("lm_head."):
        return "head"
    packed = dtype in ("I32", "U8", "I8") or name.endswith(".scales") or ".weight." in name
    return "packed_layers" if packed else "plain_layers"


def _onnx_bytes(artifact: Artifact) -> WeightBytes:
    files = {name: entry.size for name, entry in artifact.manifest.files.items()}
    return WeightBytes(
        packed_layers=files.get(DECODER_WEIGHTS_NAME, 0),
        plain_layers=0,
        embedding=files.get("embedding.data", 0),
        head=0,
        vision=files.get("vision.data", 0),
        shortlist=files.get(SHORTLIST_WEIGHTS_NAME, 0),
    )
