"""Packed weights: without loss from GPTQ, half a step at most when rounded, and as ONNX Runtime reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medmo_export.gptq.options import GptqOptions
from medmo_export.onnx.graph import MICROSOFT, GraphBuilder, WeightFile
from medmo_export.onnx.packing import PackedWeight, dequantize, repack_gptq, round_to_nearest, stack
from medmo_export.onnx.stored_tensors import StoredTensors
from medmo_models.errors import InputError
from medmo_models.networks.onnx.library import import_onnxruntime
from support.gptq_exports import gptq_export, packed_layers

EIGHT_BITS = (
    "model.language_model.layers.0.mlp.down_proj",
    "model.language_model.layers.1.self_attn.k_proj",
    "model.language_model.layers.1.self_attn.q_proj",
    "model.language_model.layers.1.self_attn.v_proj",
)
Layer = dict[str, np.ndarray]


def repack(layer: Layer) -> PackedWeight:
    return repack_gptq(layer["qweight"], layer["qzeros"], layer["scales"], layer["g_idx"])


@pytest.mark.parametrize(
    "options",
    [
        GptqOptions(),
        GptqOptions(group_size=32),
        GptqOptions(activation_order=True),
        GptqOptions(protected=EIGHT_BITS),
        GptqOptions(symmetric=False, protected=EIGHT_BITS),
    ],
    ids=["128", "32", "activation order", "8 bits", "8 bits, asymmetric"],
)
def test_every_gptq_layer_is_repacked_without_loss(options: GptqOptions) -> None:
    export = gptq_export("wide", options)
    tensors = StoredTensors(export.glob("*.safetensors"))
    ordered = 0
    for name, expected in packed_layers(export).items():
        packed = repack(
            {part: np.asarray(tensors.raw(f"{name}.{part}")) for part in ("qweight", "qzeros", "g_idx")}
            | {"scales": tensors.float32(f"{name}.scales")}
        )
        ordered += packed.input_order is not None
        assert packed.bits == (8 if name in options.protected else 4)
        np.testing.assert_array_equal(dequantize(packed), expected.numpy())
    assert (ordered > 0) == options.activation_order


def made_layer(inputs: int, outputs: int, group: int, seed: int = 0) -> tuple[Layer, np.ndarray]:
    """Return an asymmetric layer in GPTQ's layout and its weights, by the format's definition."""
    rng = np.random.default_rng(seed)
    groups = inputs // group
    values = rng.integers(0, 16, size=(inputs, outputs))
    zeros = rng.integers(1, 16, size=(groups, outputs))
    scales = rng.uniform(0.01, 0.1, size=(groups, outputs)).astype(np.float32)
    g_idx = np.arange(inputs) // group

    def words(nibbles: np.ndarray) -> np.ndarray:
        shifted = (
            nibbles.reshape(-1, 8, nibbles.shape[1]).astype(np.uint64) << (4 * np.arange(8, dtype=np.uint64))[:, None]
        )
        return shifted.sum(axis=1).astype(np.uint32).view(np.int32)

    layer = {
        "qweight": words(values),
        "qzeros": words((zeros - 1).T).T,
        "scales": scales,
        "g_idx": g_idx.astype(np.int32),
    }
    return layer, ((values - zeros[g_idx]) * scales[g_idx]).T


@pytest.mark.parametrize(("inputs", "group"), [(96, 32), (256, 256), (160, 32)])
def test_zero_points_and_large_groups_survive(inputs: int, group: int) -> None:
    layer, expected = made_layer(inputs, 24, group)
    packed = repack(layer)
    assert packed.zero_points is not None
    assert packed.block <= 128
    np.testing.assert_allclose(dequantize(packed), expected, rtol=1e-6)


def test_groups_that_no_kernel_has_are_refused() -> None:
    layer, _ = made_layer(80, 8, 40)
    with pytest.raises(InputError, match="40 weights"):
        repack(layer)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("inputs", [128, 200])
def test_rounding_is_off_by_half_a_step_at_most(bits: int, inputs: int) -> None:
    weight = np.random.default_rng(1).normal(size=(24, inputs)).astype(np.float32)
    packed = round_to_nearest(weight, bits, 128)
    steps = np.repeat(packed.scales, 128, axis=1)[:, :inputs]
    error = np.abs(dequantize(packed) - weight)
    # In 4 bits the largest positive weight lies half a step above the last value, 7.
    assert (error <= 0.5 * steps * (1 + 1e-5)).all()
    assert error.max() > 0.2 * steps.min()


def test_layers_of_one_input_are_stacked_unless_their_order_differs() -> None:
    weights = [np.random.default_rng(seed).normal(size=(16, 128)).astype(np.float32) for seed in range(2)]
    parts = [round_to_nearest(weight, 4, 128) for weight in weights]
    joined = stack(parts)
    assert joined is not None
    np.testing.assert_array_equal(dequantize(joined), np.concatenate([dequantize(part) for part in parts]))
    assert stack([parts[0], round_to_nearest(weights[1], 8, 128)]) is None
    turned = PackedWeight(**{**vars(parts[1]), "input_order": np.arange(128)[::-1].copy()})
    assert stack([parts[0], turned]) is None


@pytest.mark.parametrize("kind", ["rounded 4", "rounded 8", "padded", "zero points"])
def test_onnx_runtime_multiplies_by_the_weights_that_are_packed(kind: str, tmp_path: Path) -> None:
    weight = np.random.default_rng(3).normal(size=(24, 200 if kind == "padded" else 256)).astype(np.float32)
    packed = round_to_nearest(weight, 8 if kind == "rounded 8" else 4, 128)
    if kind == "zero points":
        packed = repack(made_layer(256, 24, 64)[0])
    weights = WeightFile(tmp_path / "weights.data")
    graph = GraphBuilder("product", weights)
    inputs = [graph.input("x", np.float32, ["rows", packed.inputs])]
    inputs += [graph.constant("values", packed.values), graph.constant("scales", packed.scales)]
    if packed.zero_points is not None:
        inputs.append(graph.constant("zeros", packed.zero_points))
    graph.node(
        "MatMulNBits",
        *inputs,
        domain=MICROSOFT,
        output="y",
        K=packed.inputs,
        N=packed.outputs,
        bits=packed.bits,
        block_size=packed.block,
        accuracy_level=1,
    )
    graph.output("y", np.float32, ["rows", packed.outputs])
    weights.close()
    graph.save(tmp_path / "product.onnx")
    session = import_onnxruntime().InferenceSession(tmp_path / "product.onnx", providers=["CPUExecutionProvider"])
    for rows in (1, 5):
        x = np.random.default_rng(rows).normal(size=(rows, packed.inputs)).astype(np.float32)
        np.testing.assert_allclose(session.run(None, {"x": x})[0], x @ dequantize(packed).T, atol=1e-4)
