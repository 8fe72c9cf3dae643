"""Weights as OpenVINO constants that share the memory of the mapped file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.openvino.library import import_openvino
from medmo_models.networks.openvino.stored_graph import Node, StoredGraph

#: Smaller constants are copied: the plug-in may look at them while it rewrites the graph.
_SHARED_FROM_BYTES = 4096


def shared_constant(value: NDArray[Any]) -> Any:
    """Return a constant over an array's own memory, which must outlive the compilation."""
    openvino = import_openvino()
    from openvino.op import Constant

    if value.nbytes < _SHARED_FROM_BYTES:
        return Constant(np.array(value))
    return Constant(openvino.Tensor(value, value.shape, openvino.Type(value.dtype)), shared_memory=True)


def packed_weight(graph: StoredGraph, node: Node) -> Any:
    """Return the weights of a ``MatMulNBits`` node, float32 (outputs, inputs), as the plug-in keeps them packed.

    OpenVINO's 4-bit types have the first value in the low half of a byte, as the file has it, so the weights are not
    copied; zero points are, because the file pads their rows.
    """
    openvino = import_openvino()
    from openvino import opset15 as ops
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
    shifted = ops.subtract(ops.convert(packed, np.float32), ops.convert(zeros, np.float32))
    weight = ops.reshape(ops.multiply(shifted, scales), ops.constant([outputs, blocks * block]), special_zero=False)
    if blocks * block == inputs:
        return weight
    return ops.slice(weight, ops.constant([0]), ops.constant([inputs]), ops.constant([1]), ops.constant([1]))


def _zero_points(stored: NDArray[np.uint8], bits: int, outputs: int, blocks: int) -> Any:
    openvino = import_openvino()
    if bits == 8:
        return openvino.Tensor(np.array(stored), [outputs, blocks, 1], openvino.Type.u8)
    halves = np.stack([stored & 15, stored >> 4], axis=-1).reshape(outputs, -1)[:, :blocks].reshape(-1)
    even = np.pad(halves, (0, len(halves) % 2))
    return openvino.Tensor(even[0::2] | (even[1::2] << 4), [outputs, blocks, 1], openvino.Type.u4)
