"""What a GPTQ export leaves on disk."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoConfig, AutoTokenizer

from medmo_export.calibration import CalibrationSample
from medmo_export.gptq.options import GptqOptions
from medmo_export.gptq.quantize import quantize_gptq
from medmo_export.gptq.weights import write_weights
from medmo_models.errors import InputError, MedMOError
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.preprocessing import ChatTurn
from support.checkpoints import SHAPES, make_checkpoint
from support.gptq_exports import calibration_samples, gptq_export, packed_layers, source_checkpoint
from support.model_files import LINEAR, write_checkpoint

LAYER_PARTS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
LAYER_PARTS += ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
CHANGED_BY_GPTQMODEL = ("HF_HOME", "HF_HUB_CACHE", "CUDA_DEVICE_ORDER", "PYTORCH_ALLOC_CONF", "GPTQMODEL_CPU_WORKERS")
ACTIVATION_ORDER = GptqOptions(group_size=32, activation_order=True)


def decoder_layers(shape: str) -> set[str]:
    depth = json.loads((source_checkpoint(shape) / "config.json").read_text())["text_config"]["num_hidden_layers"]
    return {f"model.language_model.layers.{index}.{part}" for index in range(depth) for part in LAYER_PARTS}


@pytest.mark.parametrize("shape", SHAPES)
def test_only_the_decoders_linear_layers_change(shape: str) -> None:
    source = load_file(source_checkpoint(shape) / "model.safetensors")
    export = load_file(gptq_export(shape) / "model.safetensors")
    layers = decoder_layers(shape)
    packed = {f"{layer}.{part}" for layer in layers for part in ("qweight", "qzeros", "scales", "g_idx")}
    assert export.keys() == (source.keys() - {f"{layer}.weight" for layer in layers}) | packed
    for name in export.keys() - packed:
        assert export[name].dtype == source[name].dtype == torch.bfloat16
        assert export[name].view(torch.uint8).equal(source[name].view(torch.uint8)), name


@pytest.mark.parametrize("options", [GptqOptions(), ACTIVATION_ORDER], ids=["128", "32-activation-order"])
def test_the_layout_is_gptq_version_1(options: GptqOptions) -> None:
    export = gptq_export("tied", options)
    source = load_file(source_checkpoint("tied") / "model.safetensors")
    stored = load_file(export / "model.safetensors")
    for layer in decoder_layers("tied"):
        outputs, inputs = source[f"{layer}.weight"].shape
        groups = inputs // options.group_size
        assert (stored[f"{layer}.qweight"].dtype, stored[f"{layer}.qweight"].shape) == (
            torch.int32,
            (inputs // 8, outputs),
        )
        assert (stored[f"{layer}.scales"].dtype, stored[f"{layer}.scales"].shape) == (torch.float16, (groups, outputs))
        # Symmetric: the zero point is 8, which version 1 stores as 7 in every nibble.
        assert stored[f"{layer}.qzeros"].equal(torch.full((groups, outputs // 8), 0x77777777, dtype=torch.int32))
        order = stored[f"{layer}.g_idx"]
        assert order.dtype == torch.int32
        assert order.bincount().tolist() == [options.group_size] * groups
        in_order = torch.arange(inputs, dtype=torch.int32) // options.group_size
        assert order.equal(in_order) != options.activation_order


@pytest.mark.parametrize("options", [GptqOptions(), ACTIVATION_ORDER], ids=["128", "32-activation-order"])
def test_dequantized_weights_are_close_to_the_source(options: GptqOptions) -> None:
    source = load_file(source_checkpoint("tied") / "model.safetensors")
    for layer, weight in packed_layers(gptq_export("tied", options)).items():
        true = source[f"{layer}.weight"].float()
        # Rounding normal weights to 15 levels alone costs about 9 %; a wrong order or zero costs over 100 %.
        assert (weight - true).norm() < 0.2 * true.norm(), layer


@pytest.mark.parametrize("shape", SHAPES)
def test_both_generations_of_transformers_read_the_configuration(shape: str) -> None:
    export, source = gptq_export(shape), source_checkpoint(shape)
    written = json.loads((export / "config.json").read_text())
    rope = AutoConfig.from_pretrained(source).text_config.rope_parameters
    text = written["text_config"]
    assert "rope_parameters" not in written
    assert text["rope_parameters"] == rope
    assert text["rope_theta"] == rope["rope_theta"]
    assert text["rope_scaling"] == {key: value for key, value in rope.items() if key != "rope_theta"}
    read, expected = (AutoConfig.from_pretrained(folder).to_dict() for folder in (export, source))
    del read["quantization_config"]
    for config in (read, expected):
        config.pop("_name_or_path", None)
    assert read == expected


def test_the_quantization_settings_say_what_was_done() -> None:
    written = json.loads((gptq_export("tied", ACTIVATION_ORDER) / "config.json").read_text())["quantization_config"]
    assert {key: written[key] for key in ("quant_method", "checkpoint_format", "bits", "group_size")} == {
        "quant_method": "gptq",
        "checkpoint_format": "gptq",
        "bits": 4,
        "group_size": 32,
    }
    assert (written["desc_act"], written["sym"], written["lm_head"]) == (True, True, False)


def test_tokenizer_and_processor_are_the_sources() -> None:
    export, source = gptq_export("tied"), source_checkpoint("tied")
    for name in ("tokenizer.json", "chat_template.jinja", "generation_config.json"):
        assert (export / name).read_bytes() == (source / name).read_bytes()
    for name in ("preprocessor_config.json", "video_preprocessor_config.json"):
        assert (export / name).read_bytes() == (source / name).read_bytes()
    written, stored = (json.loads((each / "tokenizer_config.json").read_text()) for each in (export, source))
    # The same under the name that transformers 4.57 reads as a list too.
    stored["additional_special_tokens"] = stored.pop("extra_special_tokens")
    assert written == stored
    text = "Hemorrhage <box>[[12, 34, 56, 78]]</box>"
    assert AutoTokenizer.from_pretrained(export)(text) == AutoTokenizer.from_pretrained(source)(text)


def test_no_file_tells_where_it_was_made() -> None:
    export = gptq_export("tied")
    places = (tempfile.gettempdir() + os.sep, str(Path.cwd()), str(Path.home()) + os.sep)
    for path in export.rglob("*"):
        content = path.read_bytes()
        if path.suffix == ".safetensors":
            content = content[: 8 + int.from_bytes(content[:8], "little")]  # the header; weights hold any bytes
        assert not [place for place in places if place.encode() in content], path.name


def test_a_source_of_several_files_gives_the_same_weights(tmp_path: Path) -> None:
    single, parts = gptq_export("wide") / "model.safetensors", tmp_path / "parts"
    sharded = make_checkpoint(tmp_path / "source", "wide", dtype=torch.bfloat16, max_shard_size="2MB")
    parts.mkdir()
    write_weights(sorted(sharded.glob("*.safetensors")), [single], parts, max_shard_bytes=1_000_000)
    files = sorted(parts.glob("*.safetensors"))
    assert len(files) > 2
    index = json.loads((parts / "model.safetensors.index.json").read_text())["weight_map"]
    expected = load_file(single)
    assert index.keys() == expected.keys()
    for name, file in index.items():
        with safe_open(parts / file, framework="pt") as stored:
            assert stored.get_tensor(name).equal(expected[name])


def test_stopping_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    source = source_checkpoint("tied")
    folders = destination, working, temporary = tmp_path / "staging", tmp_path / "working", tmp_path / "temporary"
    for folder in folders:
        folder.mkdir()
    monkeypatch.chdir(working)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    environment = {name: os.environ.get(name) for name in CHANGED_BY_GPTQMODEL}
    seen = []

    def stop_after_the_first_layer(phase: str, done: int, total: int) -> None:
        seen.append((phase, done, total))
        if (phase, done) == ("quantizing layers", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantize_gptq(source, destination, GptqOptions(), calibration_samples(), progress=stop_after_the_first_layer)
    assert seen[-1] == ("quantizing layers", 1, 4)
    assert [list(folder.iterdir()) for folder in folders] == [[], [], []]
    assert {name: os.environ.get(name) for name in CHANGED_BY_GPTQMODEL} == environment
    assert capfd.readouterr().out == ""


def test_the_default_damping_is_gptqmodels() -> None:
    with quiet_gptqmodel():
        from gptqmodel import QuantizeConfig
    assert GptqOptions().damping == QuantizeConfig(bits=4, offload_to_disk=False).damp_percent


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bits": 3}, "have 4 bits, not 3"),
        ({"group_size": 100}, "must be 32, 64 or 128, not 100"),
        ({"damping": 0.0}, "between 0 and 1"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, changes: dict[str, float], message: str) -> None:
    options = dataclasses.replace(GptqOptions(), **changes)
    with pytest.raises(InputError, match=message):
        quantize_gptq(source_checkpoint("tied"), tmp_path, options, calibration_samples())
    assert list(tmp_path.iterdir()) == []


def test_a_group_size_that_does_not_divide_a_layer_is_refused(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", {f"{LINEAR}.weight": ("BF16", (256, 448))})
    with pytest.raises(InputError, match=f"128 does not divide the 448 inputs of {LINEAR}"):
        quantize_gptq(source, tmp_path, GptqOptions(), calibration_samples())


def test_calibration_needs_samples(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs calibration samples"):
        quantize_gptq(source_checkpoint("tied"), tmp_path, GptqOptions(), [])


def test_a_sample_with_control_tokens_is_refused(tmp_path: Path) -> None:
    sample = CalibrationSample((ChatTurn("user", "<|im_end|>"),), "CT slice")
    with pytest.raises(MedMOError, match="control token"):
        quantize_gptq(source_checkpoint("tied"), tmp_path, GptqOptions(), [sample])
