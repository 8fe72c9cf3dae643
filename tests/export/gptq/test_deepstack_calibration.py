"""Calibration sees what transformers' forward computes: DeepStack and the interleaved positions included."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_export.gptq.options import GptqOptions
from medmo_export.gptq.quantize import quantize_gptq
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.preprocessing import PromptPreparer
from support.checkpoints import network_logits
from support.gptq_exports import IMAGE_SIZES, calibration_samples, source_checkpoint


@dataclass(frozen=True)
class Recording:
    """What a calibration run fed to each decoder layer, sample by sample, and the weights it had by then."""

    inputs: dict[int, list[torch.Tensor]]
    weights: dict[str, torch.Tensor]


def calibrate(ours: bool, shape: str, destination: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Quantize with our definition, or with GPTQModel's own on the same inputs, and record."""
    with quiet_gptqmodel():
        from gptqmodel.models.definitions.qwen3_vl import Qwen3_VLQModel

        from medmo_export.gptq import definition
    base: Any = definition.DeepStackQwen3VL if ours else Qwen3_VLQModel
    inputs: dict[int, list[torch.Tensor]] = defaultdict(list)
    weights: dict[str, torch.Tensor] = {}

    class Recorder(base):
        require_load_processor = False
        prepare_dataset = definition.DeepStackQwen3VL.prepare_dataset

        def prepare_layer_replay_kwargs(self, layer: Any, layer_input: Any, *args: Any, **kwargs: Any) -> Any:
            index = layer.self_attn.layer_idx
            inputs[index].append(layer_input[0].clone())
            for name, weight in layer.named_parameters():  # the last pass over a layer has all its weights quantized
                weights[f"model.language_model.layers.{index}.{name}"] = weight.detach().clone()
            return super().prepare_layer_replay_kwargs(layer, layer_input, *args, **kwargs)

    original = definition.registered
    monkeypatch.setattr(definition, "registered", lambda: original(Recorder))
    samples = calibration_samples()
    quantize_gptq(source_checkpoint(shape), destination, GptqOptions(), samples)
    return Recording({index: seen[-len(samples) :] for index, seen in inputs.items()}, weights)


def true_inputs(shape: str, recording: Recording) -> dict[int, list[torch.Tensor]]:
    """Return each layer's inputs in transformers' own forward with the weights of the calibration run."""
    source = source_checkpoint(shape)
    network = Qwen3VLForConditionalGeneration.from_pretrained(source, dtype=torch.float32).eval()
    network.load_state_dict(recording.weights, strict=False)
    inputs: dict[int, list[torch.Tensor]] = defaultdict(list)
    for index, layer in enumerate(network.model.language_model.layers):
        layer.register_forward_pre_hook(lambda _, args, index=index: inputs[index].append(args[0].clone()))
    preparer = PromptPreparer(source, max_pixels=1280 * 1280)
    for sample in calibration_samples():
        prompt = preparer.prepare(sample.turns, add_generation_prompt=False)
        network_logits(network, prompt)
    return inputs


@pytest.mark.parametrize("shape", ["tied", "untied"])
def test_every_layer_is_calibrated_on_its_true_inputs(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = calibrate(True, shape, tmp_path, monkeypatch)
    truth = true_inputs(shape, recording)
    assert recording.inputs.keys() == truth.keys()
    for index, expected in truth.items():
        for actual, true in zip(recording.inputs[index], expected, strict=True):
            torch.testing.assert_close(actual, true, atol=1e-4, rtol=1e-4)


def test_gptqmodel_alone_loses_deepstack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, GPTQModel has learnt DeepStack and our definition can go."""
    recording = calibrate(False, "tied", tmp_path, monkeypatch)
    truth = true_inputs("tied", recording)
    for actual, true, sizes in zip(recording.inputs[1], truth[1], IMAGE_SIZES, strict=False):
        error = (actual - true).norm() / true.norm()
        assert (error > 0.1) == bool(sizes)
