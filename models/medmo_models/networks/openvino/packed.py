"""Weights as OpenVINO constants that share the memory of the mapped file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.openvino.library import import_openvino
from medmo_models.networks.openvino.stored_graph import Node, StoredGraph

#: Smaller constants are copied: the plug-in may look at them while it rewrites the graph.
_SHARED_FROM_BYTES = 4096
#: Inputs that share a scale where weights are rounded here, and the value that stands for zero.
_ROUNDED_BLOCK, _MIDDLE = 128, 128


def shared_constant(value: NDArray[Any]) -> Any:
    """Return a constant over an array's own memory, which must outlive the compilation."""
    openvino = import_openvino()
    from openvino.op import Constant

    if value.nbytes < _SHARED_FROM_BYTES:
        return Constant(np.array(value))
    return Constant(openvino.Tensor(value, value.shape, openvino.Type(value.dtype)), shared_memory=True)


def packed_weight(graph: StoredGraph, node: Node) -> Any:
    """Return the weights of a ``MatMulNBits`` node, float32 (outputs, whole blocks), as the plug-in keeps them packed.

    OpenVINO's 4-bit types have the first value in the low half of a byte, as the file has it, so the weights are not
    copied; zero points are, because the file pads their rows. What fills the last block is zero.
    """
    openvino = import_openvino()
    from openvino.op import Constant

    bits, block = node.attributes["bits"], node.attributes["block_size"]
    outputs, inputs = node.attributes["N"], node.attributes["K"]
    blocks = -(-inputs // block)
    packed_type = openvino.Type.u4 if bits == 4 else openvino.Type.u8
    values = graph.weight(node.inputs[1])
    packed = Constant(openvino.Tensor(values, [outputs, blocks, block], packed_type), shared_memory=True)
    scales = shared_constant(graph.weight(node.inputs[2]).reshape(outputs, blocks, 1))
    if len(node.inputs) > 3:
        zeros = Constant(_zero_points(graph.weight(node.inputs[3]), bits, outputs, blocks), shared_memory=False)
    else:
        zeros = Constant(packed_type, openvino.Shape([1, 1, 1]), [2 ** (bits - 1)])
    return _dequantized(packed, zeros, scales)


def eight_bit_weight(weight: NDArray[np.floating[Any]]) -> Any:
    """Return a weight rounded to 8 bits, float32 (outputs, whole blocks), as the plug-in keeps it packed.

    The grid is that of an 8-bit export (`medmo_export.onnx.packing`): symmetric, a scale for each 128 inputs.

    Parameters
    ----------
    weight : ndarray, shape (inputs, outputs)
    """
    openvino = import_openvino()
    from openvino.op import Constant

    values, scales = round_to_eight_bits(weight)
    zeros = Constant(openvino.Type.u8, openvino.Shape([1, 1, 1]), [_MIDDLE])
    return _dequantized(Constant(values), zeros, Constant(scales))


def round_to_eight_bits(weight: NDArray[np.floating[Any]]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Round a weight of shape (inputs, outputs) in blocks of 128 inputs; the last one is filled with zeros.

    Returns
    -------
    values : ndarray of uint8, shape (outputs, blocks, 128)
        128 stands for zero.
    scales : ndarray of float32, shape (outputs, blocks, 1)
    """
    # One block of rows at a time, which stays in the processor's cache.
    inputs, outputs = weight.shape
    blocks = -(-inputs // _ROUNDED_BLOCK)
    values = np.full((outputs, blocks, _ROUNDED_BLOCK), _MIDDLE, dtype=np.uint8)
    scales = np.ones((outputs, blocks, 1), dtype=np.float32)
    for block in range(blocks):
        rows = weight[block * _ROUNDED_BLOCK : (block + 1) * _ROUNDED_BLOCK].astype(np.float32)
        largest = np.maximum(rows.max(axis=0), -rows.min(axis=0))
        largest[largest == 0] = _MIDDLE - 1  # a scale of 1
        rows *= (_MIDDLE - 1) / largest
        rows += _MIDDLE + 0.5  # all are positive now, so that leaving out the fraction rounds to nearest
        values[:, block, : len(rows)] = rows.astype(np.uint8).T
        scales[:, block, 0] = largest / (_MIDDLE - 1)
    return values, scales


def _dequantized(values: Any, zeros: Any, scales: Any) -> Any:
    """Return (values - zeros) * scales of blocks as one matrix, in the form that the plug-in keeps packed."""
    import_openvino()
    from openvino import opset15 as ops

    shifted = ops.subtract(ops.convert(values, np.float32), ops.convert(zeros, np.float32))
    return ops.reshape(ops.multiply(shifted, scales), ops.constant([values.shape[0], -1]), special_zero=False)


def _zero_points(stored: NDArray[np.uint8], bits: int, outputs: int, blocks: int) -> Any:
    openvino = import_openvino()
    if bits == 8:
        return openvino.Tensor(np.array(stored), [outputs, blocks, 1], openvino.Type.u8)
    halves = np.stack([stored & 15, stored >> 4], axis=-1).reshape(outputs, -1)[:, :blocks].reshape(-1)
    even = np.pad(halves, (0, len(halves) % 2))
    return openvino.Tensor(even[0::2] | (even[1::2] << 4), [outputs, blocks, 1], openvino.Type.u4)
