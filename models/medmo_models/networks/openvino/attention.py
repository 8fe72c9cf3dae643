"""Attention in the form that OpenVINO's CPU plug-in fuses, with the keys and values of earlier tokens as state."""

from __future__ import annotations

from typing import Any

import numpy as np

from medmo_models.networks.openvino.library import import_openvino


class AttentionBuilder:
    """Builds attention of one graph.

    Parameters
    ----------
    head_dim : int
    cosines, sines
        Inputs of shape (tokens, head_dim / 2).
    mask, order, optional
        Inputs of a decoder: what is added to the scores, (1, 1, tokens, places), and the sequence that each state
        continues, (1,).
    """

    def __init__(self, head_dim: int, cosines: Any, sines: Any, mask: Any = None, order: Any = None) -> None:
        import_openvino()
        from openvino import opset6, opset15

        self._ops: Any = opset15
        self._state_ops: Any = opset6
        self._head_dim, self._mask, self._order = head_dim, mask, order
        self.assignments: list[Any] = []
        both = [self._ops.concat([table, table], -1) for table in (cosines, sines)]
        self._cosines, self._sines = (self._ops.unsqueeze(table, self._ops.constant([0, 1])) for table in both)

    def by_heads(self, value: Any, heads: int) -> Any:
        """Turn (1, tokens, heads * head_dim) into (1, heads, tokens, head_dim)."""
        ops = self._ops
        split = ops.reshape(value, ops.constant([1, -1, heads, self._head_dim]), special_zero=False)
        return ops.transpose(split, ops.constant([0, 2, 1, 3]))

    def rotate(self, value: Any) -> Any:
        """Turn each head's halves by the tokens' angles."""
        ops, half = self._ops, self._head_dim // 2
        first, second = ops.variadic_split(value, ops.constant(-1), ops.constant([half, half])).outputs()
        turned = ops.concat([ops.multiply(second, ops.constant(np.float32(-1))), first], -1)
        return ops.add(ops.multiply(value, self._cosines), ops.multiply(turned, self._sines))

    def whole(self, query: Any, key: Any, value: Any) -> Any:
        """Let every token see every token; inputs (1, heads, tokens, head_dim), result (1, tokens, width)."""
        return self._joined(self._ops.scaled_dot_product_attention(query, key, value))

    def grouped(self, query: Any, key: Any, value: Any, heads: int, shared: int) -> Any:
        """Attend over the state and the new tokens; inputs and result (1, tokens, width)."""
        turned = self.rotate(self.by_heads(query, heads))
        keys = self._remember(self.rotate(self.by_heads(key, shared)), shared, heads // shared)
        values = self._remember(self.by_heads(value, shared), shared, heads // shared)
        return self._joined(self._ops.scaled_dot_product_attention(turned, keys, values, self._mask))

    def _remember(self, new: Any, shared: int, repeats: int) -> Any:
        """Append to a state, and repeat its heads for the query's (1, shared * repeats, places, head_dim)."""
        import openvino

        ops, places = self._ops, [1, shared, -1, self._head_dim]
        name = f"state_{len(self.assignments)}"
        empty = ops.constant(np.zeros((1, shared, 0, self._head_dim), dtype=np.float32))
        past = self._state_ops.read_value(empty, name, openvino.Type.f32, openvino.PartialShape(places))
        present = ops.concat([ops.gather(past, self._order, ops.constant(0)), new], 2)
        self.assignments.append(self._state_ops.assign(present, name))
        if repeats == 1:
            return present
        apart = ops.unsqueeze(present, ops.constant([2]))
        repeated = ops.broadcast(apart, ops.constant([1, 1, repeats, 1, 1]), broadcast_spec="BIDIRECTIONAL")
        joined = ops.constant([1, shared * repeats, -1, self._head_dim])
        return ops.reshape(repeated, joined, special_zero=False)

    def _joined(self, attended: Any) -> Any:
        ops = self._ops
        turned = ops.transpose(attended, ops.constant([0, 2, 1, 3]))
        return ops.reshape(turned, ops.constant([0, 0, -1]), special_zero=True)
