"""What the headers of safetensors files say about the weights; no tensor is read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from medmo_models.errors import InputError

#: Bits of an element, by the data type's name in the safetensors format.
_DTYPE_BITS = {
    "F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16,
    "F8_E4M3": 8, "F8_E5M2": 8, "I8": 8, "U8": 8, "BOOL": 8,
}  # fmt: skip
#: The quantizable layers of the text model; the vision tower calls its layers ``blocks``.
TEXT_LINEAR = re.compile(r"(?:^|\.)layers\.\d+\.(?:self_attn|mlp)\.\w+_proj\.")


@dataclass(frozen=True)
class TensorHeader:
    """Data type (the name in the safetensors format) and shape of a stored tensor."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """Stored elements."""
        return math.prod(self.shape)

    @property
    def bits(self) -> int:
        """Stored bits."""
        return self.elements * _DTYPE_BITS[self.dtype]


@dataclass(frozen=True)
class BitsPerWeight:
    """Average stored bits per original weight, everything that belongs to a weight (scales, zeros, order) included."""

    text_layers: float
    """Over the linear layers of the text model: the figure in a manifest."""
    overall: float
    """Over all tensors, vision tower, embedding and head included."""


def read_tensor_headers(files: Iterable[Path]) -> dict[str, TensorHeader]:
    """Read names, data types and shapes from safetensors files.

    Raises
    ------
    InputError
        If a file is missing, cut short, not in the safetensors format, or holds an unknown data type.
    """
    headers = {}
    for path in files:
        try:
            with safe_open(path, framework="np") as file:
                for name in file.keys():  # noqa: SIM118 - not a mapping
                    part = file.get_slice(name)
                    headers[name] = TensorHeader(part.get_dtype(), tuple(part.get_shape()))
                    if headers[name].dtype not in _DTYPE_BITS:
                        raise InputError(
                            f"{path} holds a tensor of type {headers[name].dtype}, which medmo does not read."
                        )
        except FileNotFoundError as error:
            raise InputError(f"{path} is missing; copy it again.") from error
        except (OSError, SafetensorError) as error:
            raise InputError(f"{path} is cut short or not a safetensors file; copy it again.") from error
    return headers


def bits_per_weight(headers: Mapping[str, TensorHeader], gptq_bits: int | None = None) -> BitsPerWeight:
    """Compute the average bits per original weight from what is stored.

    Parameters
    ----------
    headers : mapping
        All tensors of a checkpoint in full precision, in GPTQ's layout (``qweight`` int32, ``qzeros``, ``scales``,
        ``g_idx``) or in bitsandbytes' 4-bit layout (packed ``weight`` and its ``weight.*`` companions).
    gptq_bits : int, optional
        Bits of a packed GPTQ weight, from the quantization settings, where a layer's own tensors do not say.

    Raises
    ------
    InputError
        If there is no linear layer of a text model.
    """
    stored = {True: 0, False: 0}
    original = {True: 0, False: 0}
    for name, header in headers.items():
        in_text_layers = TEXT_LINEAR.search(name) is not None
        stored[in_text_layers] += header.bits
        original[in_text_layers] += _original_weights(name, headers, gptq_bits)
    if not original[True]:
        raise InputError("The weights hold no text layers of a Qwen3-VL model.")
    return BitsPerWeight(stored[True] / original[True], sum(stored.values()) / sum(original.values()))


def packing(headers: Mapping[str, TensorHeader]) -> str | None:
    """Return ``"gptq"`` or ``"bitsandbytes"`` if linear layers of the text model are packed so, else None."""
    names = [name for name in headers if TEXT_LINEAR.search(name)]
    if any(name.endswith(".qweight") for name in names):
        return "gptq"
    return "bitsandbytes" if any(name.endswith(".weight.absmax") for name in names) else None


def packed_bits(layer: str, headers: Mapping[str, TensorHeader]) -> int | None:
    """Return the bits of a weight in a layer of GPTQ's layout, None if its tensors do not say.

    ``scales`` has a column per output, ``qzeros`` has a word of 32 bits for as many outputs as fit.
    """
    zeros, scales = headers.get(f"{layer}.qzeros"), headers.get(f"{layer}.scales")
    if zeros is None or scales is None or len(zeros.shape) != 2 or len(scales.shape) != 2 or not scales.shape[1]:
        return None
    return 32 * zeros.shape[1] // scales.shape[1] or None


def protected_layers(headers: Mapping[str, TensorHeader]) -> tuple[str, ...]:
    """Return the module names of the text model's layers that GPTQ's layout stores in 8 bits, sorted."""
    layers = [name.removesuffix(".qweight") for name in headers if name.endswith(".qweight")]
    return tuple(sorted(layer for layer in layers if packed_bits(layer, headers) == 8))


def stored_bits(bits: int, group_size: int, outputs: int) -> tuple[float, float]:
    """Return what a weight takes with its share of scales, zero points and order: in GPTQ's layout, in ours for ONNX.

    GPTQ's layout stores a 16-bit scale and a zero point per group and, 32 bits per input, the group's number; ours for
    ONNX a 32-bit scale per group. (Repacked to ONNX, an asymmetric artifact also has zero points there, and one with
    activation order 64 bits per input, which are not counted.)

    Parameters
    ----------
    bits : int
        Of a weight.
    group_size : int
        Inputs that share a scale.
    outputs : int
        Of the layer.
    """
    return bits + (16 + bits) / group_size + 32 / outputs, bits + 32 / group_size


def _original_weights(name: str, headers: Mapping[str, TensorHeader], gptq_bits: int | None) -> int:
    """Return how many weights of the unquantized model a stored tensor stands for."""
    header = headers[name]
    if name.endswith(".qweight") and (bits := packed_bits(name.removesuffix(".qweight"), headers) or gptq_bits):
        return header.bits // bits
    if f"{name}.absmax" in headers:
        return header.bits // 4
    is_companion = ".weight." in name or name.endswith((".qzeros", ".scales", ".g_idx"))
    return 0 if is_companion else header.elements
