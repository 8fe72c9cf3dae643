"""Widening of packed weights: within half a step of the row's scale, whatever the bits and zero points."""

from __future__ import annotations

import numpy as np
import pytest

from medmo_export.onnx.packing import PackedWeight, dequantize, repack_gptq, round_to_nearest
from medmo_models.networks.onnx.row_scales import widen_rows


def widened(packed: PackedWeight) -> tuple[np.ndarray, np.ndarray]:
    zeros = packed.zero_points
    if zeros is not None and packed.bits == 4:
        zeros = np.stack([zeros & 15, zeros >> 4], axis=2).reshape(len(zeros), -1)[:, : packed.scales.shape[1]]
    values = np.zeros((packed.outputs, packed.scales.shape[1] * packed.block), np.int8)
    scales = np.zeros(packed.outputs, np.float32)
    widen_rows(packed.values, packed.scales, zeros, packed.bits, values, scales)
    return values, scales


def asymmetric(bits: int) -> PackedWeight:
    rng = np.random.default_rng(bits)
    inputs, outputs, group, fit = 256, 600, 64, 32 // bits
    words = rng.integers(0, 2**32, (inputs // fit, outputs), dtype=np.uint64).astype(np.uint32).view(np.int32)
    zeros = rng.integers(0, 2**30, (inputs // group, outputs // fit), dtype=np.uint64).astype(np.uint32).view(np.int32)
    scales = rng.uniform(0.001, 0.1, (inputs // group, outputs)).astype(np.float32)
    return repack_gptq(words, zeros, scales, np.arange(inputs, dtype=np.int32) // group)


def rounded(bits: int) -> PackedWeight:
    weight = np.random.default_rng(1).standard_normal((700, 320)).astype(np.float32)
    weight[:, 7] *= 20  # blocks of one row differ much
    return round_to_nearest(weight, bits, 64)


@pytest.mark.parametrize("packed", [rounded(4), rounded(8), asymmetric(4), asymmetric(8)], ids=lambda p: f"{p.bits}")
def test_a_weight_is_within_half_a_step(packed: PackedWeight) -> None:
    values, scales = widened(packed)
    exact = dequantize(packed)
    assert np.abs(values.astype(np.int32)).max() in (126, 127)
    # Four bits are multiplied in 16: up to half a unit of 1/256 for each of 15 steps comes on top.
    np.testing.assert_array_less(np.abs(values * scales[:, None] - exact) / scales[:, None], 0.5 + 15 / 512 + 1e-3)


def test_a_row_of_zeros_stays_one() -> None:
    packed = round_to_nearest(np.zeros((2, 128), dtype=np.float32), 4, 128)
    values, scales = widened(packed)
    assert not values.any()
    assert np.isfinite(scales).all()
    assert (scales > 0).all()
