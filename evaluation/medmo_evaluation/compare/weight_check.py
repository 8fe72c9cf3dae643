"""Whether an artifact's stored weights are those of the reference, layer by layer: a swapped scale shows here.

A sound 4-bit weight matrix is off by about a tenth of its own size, whatever the model answers on a few samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_export.onnx.packing import PackedWeight, dequantize, repack_gptq, round_to_nearest
from medmo_export.onnx.stored_tensors import StoredTensors
from medmo_models.artifact import Artifact
from medmo_models.artifact.weights import TEXT_LINEAR

Weights = NDArray[np.float32]
#: Error of a layer, as a multiple of what plain rounding to the same bits would give, from which on it is called
#: damaged. GPTQ trades error of weights for error of outputs: measured up to 1.5 on the embedded model.
DAMAGED_FACTOR = 2.0
_BITS, _GROUP = 4, 128


@dataclass(frozen=True)
class LayerError:
    """Relative error of one layer's weights: root mean square of the difference over that of the reference.

    ``rounding`` is the error that plain rounding to 4 bits in groups of 128 would give.
    """

    layer: str
    error: float
    rounding: float

    @property
    def is_damaged(self) -> bool:
        """Whether no rounding explains the error."""
        return not self.error <= DAMAGED_FACTOR * self.rounding


def layer_errors(artifact: Artifact, reference: Artifact) -> Iterator[LayerError]:
    """Compare every quantized linear layer of the text model with the reference's, one in memory at a time.

    Nothing is yielded for a format that has no quantized layers.
    """
    whole = StoredTensors(sorted(reference.path.glob("*.safetensors")))
    readers = {"gptq": _gptq_layers, "onnx-int4": _onnx_layers, "bnb-nf4": _bnb_layers, "bnb-fp4": _bnb_layers}
    reader = readers.get(artifact.manifest.method)
    for name, weight in reader(artifact.path) if reader else ():
        expected = whole.float32(f"{name}.weight")
        size = max(float(np.sqrt(np.mean(expected**2))), 1e-30)
        error = float(np.sqrt(np.mean((weight - expected) ** 2))) / size
        rounded = dequantize(round_to_nearest(expected, _BITS, _GROUP))
        yield LayerError(name, error, float(np.sqrt(np.mean((rounded - expected) ** 2))) / size)


def _gptq_layers(folder: Path) -> Iterator[tuple[str, Weights]]:
    tensors = StoredTensors(sorted(folder.glob("*.safetensors")))
    for name in sorted(name for name in tensors if name.endswith(".qweight")):
        layer = name.removesuffix(".qweight")
        qweight, qzeros, groups = (
            np.asarray(tensors.raw(f"{layer}.{part}"), dtype=np.int32) for part in ("qweight", "qzeros", "g_idx")
        )
        yield layer, dequantize(repack_gptq(qweight, qzeros, tensors.float32(f"{layer}.scales"), groups))


def _bnb_layers(folder: Path) -> Iterator[tuple[str, Weights]]:
    from bitsandbytes.functional import QuantState, dequantize_4bit
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as stored:
            names = list(stored.keys())
            for name in names:
                if TEXT_LINEAR.search(name) and name.endswith(".weight") and f"{name}.absmax" in names:
                    parts = {n[len(name) + 1 :]: stored.get_tensor(n) for n in names if n.startswith(f"{name}.")}
                    state = QuantState.from_dict(parts, device="cpu")
                    weight = dequantize_4bit(stored.get_tensor(name), state).float().numpy()
                    yield name.removesuffix(".weight"), weight


def _onnx_layers(folder: Path) -> Iterator[tuple[str, Weights]]:
    """Read the products of the decoder; several layers in one product are taken apart by their order in its name."""
    import onnx

    graph = onnx.load(folder / "decoder.onnx", load_external_data=False).graph
    stored = {tensor.name: tensor for tensor in graph.initializer}

    def read(name: str) -> Any:
        if name not in stored:
            return None
        tensor = stored[name]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        places = {entry.key: entry.value for entry in tensor.external_data}
        if not places:
            return onnx.numpy_helper.to_array(tensor)
        return np.memmap(folder / places["location"], dtype, "r", int(places["offset"]), tuple(tensor.dims))

    for node in graph.node:
        if node.op_type != "MatMulNBits" or ".layers." not in node.input[1]:
            continue
        facts = {attribute.name: attribute.i for attribute in node.attribute}
        name = node.input[1].removesuffix(".weight.values")
        values, scales, zeros, order = (
            read(f"{name}.weight.{part}") for part in ("values", "scales", "zero_points", "order")
        )
        packed = PackedWeight(values, scales, zeros, order, facts["bits"], facts["block_size"], facts["K"], facts["N"])
        yield from _apart(name, dequantize(packed), folder)


def _apart(name: str, weight: Weights, folder: Path) -> Iterator[tuple[str, Weights]]:
    from medmo_models.networks.onnx.settings import read_settings

    prefix, _, kinds = name.rpartition(".")
    if kinds.endswith("_proj"):
        yield name, weight
        return
    shape = read_settings(folder).shape
    heads = {"q": shape.heads, "k": shape.key_value_heads, "v": shape.key_value_heads}
    start = 0
    for kind in kinds.split("_"):
        rows = heads[kind] * shape.head_dim if kind in heads else shape.intermediate_size
        yield f"{prefix}.{kind}_proj", weight[start : start + rows]
        start += rows
