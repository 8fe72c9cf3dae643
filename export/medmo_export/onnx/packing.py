"""Packs weights for ONNX Runtime's ``MatMulNBits``: from GPTQ's layout without loss, or by rounding to nearest.

The layout (``com.microsoft.MatMulNBits`` in ONNX Runtime's ContribOperators.md): B is uint8 of shape
(outputs, blocks, block * bits / 8), 4-bit values with the even one in the low half of a byte; a weight is
(value - zero point) * scale, where the zero point is the middle of the range unless given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_models.errors import InputError

#: Block sizes that ONNX Runtime's kernels have; larger groups are written as several blocks of one scale.
_BLOCKS = (128, 64, 32, 16)


@dataclass(frozen=True)
class PackedWeight:
    """One weight matrix as ``MatMulNBits`` reads it.

    Attributes
    ----------
    values : ndarray of uint8, shape (outputs, blocks, block * bits / 8)
    scales : ndarray of float32, shape (outputs, blocks)
    zero_points : ndarray of uint8, shape (outputs, ceil(blocks * bits / 8)) or None
        None where every zero point is the middle of the range.
    input_order : ndarray of int64, shape (inputs,) or None
        The column of the input that each packed column multiplies; None if in order.
    bits, block, inputs, outputs : int
    """

    values: NDArray[np.uint8]
    scales: NDArray[np.float32]
    zero_points: NDArray[np.uint8] | None
    input_order: NDArray[np.int64] | None
    bits: int
    block: int
    inputs: int
    outputs: int

    @property
    def stored_bits(self) -> int:
        """Bits of values, scales, zero points and order together."""
        parts = (self.values, self.scales, self.zero_points, self.input_order)
        return 8 * sum(part.nbytes for part in parts if part is not None)


def unpack_words(words: NDArray[np.int32], bits: int, axis: int) -> NDArray[np.uint8]:
    """Unpack int32 words into ``32 / bits`` values each, the lowest bits first, along ``axis`` (0 or 1)."""
    shifts, largest = np.arange(0, 32, bits, dtype=np.uint32), np.uint32(2**bits - 1)
    unsigned = np.asarray(words).view(np.uint32)
    if axis == 0:
        spread = (unsigned[:, None, :] >> shifts[None, :, None]) & largest
        return spread.astype(np.uint8).reshape(-1, words.shape[1])
    spread = (unsigned[:, :, None] >> shifts[None, None, :]) & largest
    return spread.astype(np.uint8).reshape(words.shape[0], -1)


def repack_gptq(
    qweight: NDArray[np.int32], qzeros: NDArray[np.int32], scales: NDArray[np.float32], g_idx: NDArray[np.int32]
) -> PackedWeight:
    """Repack a layer in GPTQ's layout (version 1), value by value: the dequantized weights are the same.

    Parameters
    ----------
    qweight : ndarray of int32, shape (inputs * bits / 32, outputs)
        4 or 8 bits.
    qzeros : ndarray of int32, shape (groups, outputs * bits / 32)
        Zero points less one.
    scales : ndarray, shape (groups, outputs)
    g_idx : ndarray of int32, shape (inputs,)
        The group of each input; out of order if the layer was quantized with activation order.

    Raises
    ------
    InputError
        If the groups are not of one size, or of one that ONNX Runtime has no kernel for; or if it is neither 4 nor 8
        bits.
    """
    order = np.argsort(g_idx, kind="stable")
    group = _group_size(g_idx)
    block = next((size for size in _BLOCKS if group % size == 0), None)
    if block is None:
        raise InputError(f"ONNX Runtime has no kernel for groups of {group} weights; export with group size 32 to 128.")
    bits = 32 * len(qweight) // len(g_idx)
    if bits not in (4, 8):
        raise InputError(f"A layer of the GPTQ artifact has {bits} bits; ONNX exports take 4 and 8.")
    values = unpack_words(qweight, bits, axis=0)[order].T
    zeros = unpack_words(qzeros, bits, axis=1) + np.uint8(1)
    repeat = group // block
    block_scales = np.repeat(np.asarray(scales, dtype=np.float32).T, repeat, axis=1)
    block_zeros = np.repeat(zeros.T, repeat, axis=1)
    return PackedWeight(
        values=_pack_blocks(values, bits, block),
        scales=np.ascontiguousarray(block_scales),
        zero_points=None if (zeros == 2 ** (bits - 1)).all() else _pack_rows(block_zeros, bits),
        input_order=None if (order == np.arange(len(order))).all() else order.astype(np.int64),
        bits=bits,
        block=block,
        inputs=values.shape[1],
        outputs=values.shape[0],
    )


def round_to_nearest(weight: NDArray[np.float32], bits: int, block: int) -> PackedWeight:
    """Quantize symmetrically to the nearest of 2**bits values; the grid is that of GPTQModel's symmetric one.

    Parameters
    ----------
    weight : ndarray of float32, shape (outputs, inputs)
    bits : int
        4 or 8.
    block : int
        Inputs that share one scale; the last block is padded with zeros.
    """
    outputs, inputs = weight.shape
    padded = np.pad(weight, ((0, 0), (0, -inputs % block))).reshape(outputs, -1, block)
    middle = 2 ** (bits - 1)
    # 4 bits: the range -8..7 in steps of 2 max / 15, as GPTQ does; 8 bits: -127..127.
    scales = np.abs(padded).max(axis=2) / (7.5 if bits == 4 else 127.0)
    scales[scales == 0] = 1.0
    values = np.clip(np.rint(padded / scales[:, :, None]) + middle, 0, 2**bits - 1).astype(np.uint8)
    return PackedWeight(
        values=_pack_blocks(values.reshape(outputs, -1), bits, block),
        scales=scales.astype(np.float32),
        zero_points=None,
        input_order=None,
        bits=bits,
        block=block,
        inputs=inputs,
        outputs=outputs,
    )


def dequantize(packed: PackedWeight) -> NDArray[np.float32]:
    """Return the weight matrix that a packed one stands for, float32, shape (outputs, inputs) in the input's order."""
    rows = packed.values.reshape(packed.outputs, -1)
    values = _halves(rows) if packed.bits == 4 else rows
    blocks = packed.scales.shape[1]
    if packed.zero_points is None:
        zeros = np.full((packed.outputs, blocks), 2 ** (packed.bits - 1), dtype=np.float32)
    else:
        unpacked = _halves(packed.zero_points) if packed.bits == 4 else packed.zero_points
        zeros = unpacked[:, :blocks].astype(np.float32)
    spread = values.reshape(packed.outputs, blocks, packed.block).astype(np.float32)
    weight = ((spread - zeros[:, :, None]) * packed.scales[:, :, None]).reshape(packed.outputs, -1)
    weight = weight[:, : packed.inputs]
    if packed.input_order is None:
        return weight
    result = np.empty_like(weight)
    result[:, packed.input_order] = weight
    return result


def stack(parts: list[PackedWeight]) -> PackedWeight | None:
    """Join layers that read the same input into one product, rows below rows; None if their layouts differ."""
    first = parts[0]
    orders = {None if part.input_order is None else part.input_order.tobytes() for part in parts}
    alike = all((part.bits, part.block, part.inputs) == (first.bits, first.block, first.inputs) for part in parts)
    given = {part.zero_points is None for part in parts}
    if not (alike and len(orders) == 1 and len(given) == 1):
        return None
    zeros = [part.zero_points for part in parts if part.zero_points is not None]
    return PackedWeight(
        values=np.concatenate([part.values for part in parts]),
        scales=np.concatenate([part.scales for part in parts]),
        zero_points=np.concatenate(zeros) if zeros else None,
        input_order=first.input_order,
        bits=first.bits,
        block=first.block,
        inputs=first.inputs,
        outputs=sum(part.outputs for part in parts),
    )


def _group_size(g_idx: NDArray[np.int32]) -> int:
    sizes = set(np.bincount(np.asarray(g_idx)).tolist())
    if len(sizes) != 1:
        raise InputError("The GPTQ artifact has groups of different sizes; export it again with group size 32 to 128.")
    return int(sizes.pop())


def _pack_blocks(values: NDArray[np.uint8], bits: int, block: int) -> NDArray[np.uint8]:
    outputs = values.shape[0]
    packed = values if bits == 8 else values[:, 0::2] | (values[:, 1::2] << np.uint8(4))
    return np.ascontiguousarray(packed).reshape(outputs, -1, block * bits // 8)


def _pack_rows(values: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Pack values of 4 bits in pairs along rows, a last odd one with zero; 8 bits stay."""
    if bits == 8:
        return np.ascontiguousarray(values)
    even = np.pad(values, ((0, 0), (0, values.shape[1] % 2)))
    return even[:, 0::2] | (even[:, 1::2] << np.uint8(4))


def _halves(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    both: NDArray[np.uint8] = np.stack([packed & 15, packed >> 4], axis=2)
    return both.reshape(packed.shape[0], -1)
