"""What vLLM's published source requires of a GPTQ checkpoint, held against our exports; vLLM itself is not run.

The rules were read in vllm-project/vllm, at the commits named in docs/interoperability.md. Under
vllm/model_executor: layers/quantization/auto_gptq.py and its predecessor gptq_marlin.py (settings, tensors),
layers/quantization/utils/gptq_utils.py (which layers are quantized), layers/quantization/utils/marlin_utils.py
(sizes that Marlin takes), models/qwen3_vl.py (names).
"""

from __future__ import annotations

import json

import pytest

from medmo_export.gptq.options import GROUP_SIZES, GptqOptions
from medmo_export.gptq.quantize import quantization_config
from medmo_models.artifact.weights import TensorHeader, read_tensor_headers
from medmo_models.specs import SPECS, Architecture
from support.gptq_exports import gptq_export, source_checkpoint

#: gptq_marlin.py and auto_gptq.py, TYPE_MAP: (bits, symmetric); asymmetric exports are not for these kernels.
TYPES = {(4, True), (8, True)}
#: marlin_utils.py.
MIN_THREAD_N, MIN_THREAD_K = 64, 128
MARLIN_GROUP_SIZES = (-1, 32, 64, 128)
#: qwen3_vl.py, hf_to_vllm_mapper and packed_modules_mapping.
PREFIXES = {
    "model.visual.": "visual.",
    "lm_head.": "language_model.lm_head.",
    "model.language_model.": "language_model.model.",
}
FUSED = {"qkv_proj": ("q_proj", "k_proj", "v_proj"), "gate_up_proj": ("gate_proj", "up_proj")}
UNQUANTIZED = ("F16", "BF16", "F32")
SHAPES = ("tied", "untied")


def headers_of(shape: str) -> dict[str, TensorHeader]:
    return read_tensor_headers(gptq_export(shape).glob("*.safetensors"))


def quantized_modules(headers: dict[str, TensorHeader]) -> set[str]:
    """What vLLM infers where the settings list no modules: those with a tensor that is not floating-point."""
    return {name.rpartition(".")[0] for name, header in headers.items() if header.dtype not in UNQUANTIZED}


def vllm_name(name: str) -> str:
    prefix = next(prefix for prefix in PREFIXES if name.startswith(prefix))
    return PREFIXES[prefix] + name.removeprefix(prefix)


def linear_shapes(shape: Architecture) -> dict[str, tuple[int, int]]:
    """``(inputs, outputs)`` of the layers as vLLM runs them: q, k, v and gate, up as one each."""
    heads = shape.heads * shape.head_dim
    return {
        "qkv_proj": (shape.hidden_size, heads + 2 * shape.key_value_heads * shape.head_dim),
        "o_proj": (heads, shape.hidden_size),
        "gate_up_proj": (shape.hidden_size, 2 * shape.intermediate_size),
        "down_proj": (shape.intermediate_size, shape.hidden_size),
    }


@pytest.mark.parametrize("activation_order", [False, True])
@pytest.mark.parametrize("group_size", GROUP_SIZES)
def test_the_settings_are_those_that_vllm_asks_for(group_size: int, activation_order: bool) -> None:
    settings = quantization_config(GptqOptions(group_size=group_size, activation_order=activation_order))
    assert settings["quant_method"] == "gptq"
    assert (settings["bits"], settings["sym"]) in TYPES
    assert settings["group_size"] in MARLIN_GROUP_SIZES
    assert isinstance(settings["desc_act"], bool)
    assert settings["lm_head"] is False
    assert settings["checkpoint_format"] == "gptq"
    assert "dynamic" not in settings
    assert "modules_in_block_to_quantize" not in settings


@pytest.mark.parametrize("shape", SHAPES)
def test_the_settings_are_in_both_files_that_vllm_reads(shape: str) -> None:
    folder = gptq_export(shape)
    alone = json.loads((folder / "quantize_config.json").read_text())
    assert json.loads((folder / "config.json").read_text())["quantization_config"] == alone


@pytest.mark.parametrize("shape", SHAPES)
def test_tensors_have_the_types_and_shapes_that_vllm_allocates(shape: str) -> None:
    headers, source = headers_of(shape), read_tensor_headers(source_checkpoint(shape).glob("*.safetensors"))
    group = GptqOptions().group_size
    modules = quantized_modules(headers)
    assert modules
    for module in modules:
        outputs, inputs = source[f"{module}.weight"].shape
        assert headers[f"{module}.qweight"] == TensorHeader("I32", (inputs // 8, outputs))
        assert headers[f"{module}.g_idx"] == TensorHeader("I32", (inputs,))
        assert headers[f"{module}.scales"] == TensorHeader("F16", (inputs // group, outputs))
        assert headers[f"{module}.qzeros"] == TensorHeader("I32", (inputs // group, outputs // 8))
        assert f"{module}.weight" not in headers


@pytest.mark.parametrize("shape", SHAPES)
def test_vllm_sees_all_text_layers_as_quantized_and_nothing_else(shape: str) -> None:
    headers = headers_of(shape)
    modules = {vllm_name(f"{module}.") for module in quantized_modules(headers)}
    assert all(module.startswith("language_model.model.layers.") for module in modules)
    layers = {module.split(".")[3] for module in modules}
    for layer in layers:
        for block, fused in (("self_attn", "qkv_proj"), ("mlp", "gate_up_proj")):
            parts = {f"language_model.model.layers.{layer}.{block}.{part}." for part in FUSED[fused]}
            assert parts <= modules  # vLLM refuses a fused layer of which some parts only are quantized
    # A layer is quantized if any listed name is part of its own: none may be part of one that is not.
    plain = {vllm_name(name).removesuffix("weight") for name in headers if name.endswith(".weight")}
    assert not [name for name in plain if any(module.removesuffix(".") in name for module in modules)]


@pytest.mark.parametrize("group_size", GROUP_SIZES)
@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.id != "medmo-tiny"], ids=lambda spec: spec.id)
def test_marlin_takes_the_real_models_layers_on_one_and_two_gpus(spec: object, group_size: int) -> None:
    for gpus in (1, 2):
        for name, (inputs, outputs) in linear_shapes(spec.architecture).items():  # type: ignore[attr-defined]
            split_inputs = name in ("o_proj", "down_proj")
            own_inputs = inputs // gpus if split_inputs else inputs
            own_outputs = outputs if split_inputs else outputs // gpus
            assert own_outputs % MIN_THREAD_N == 0, name
            assert own_inputs % MIN_THREAD_K == 0, name
            assert own_inputs % group_size == 0, name
