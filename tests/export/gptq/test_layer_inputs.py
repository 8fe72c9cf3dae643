"""Every layer is calibrated on what transformers' own forward feeds it, with DeepStack and interleaved positions."""

from __future__ import annotations

import weakref
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import Qwen3VLForConditionalGeneration

from medmo_export.calibration import phantom_calibration
from medmo_export.gptq import samples
from medmo_export.gptq.options import GptqOptions
from medmo_export.gptq.quantize import quantize_gptq
from medmo_models.networks import streamed
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.networks.streamed import DecoderInputs
from medmo_models.preprocessing import PromptPreparer
from support.checkpoints import network_logits
from support.gptq_exports import calibration_samples, source_checkpoint


@dataclass(frozen=True)
class Recording:
    """What a calibration fed to each decoder layer, sample by sample, and the weights it left there."""

    quantized: dict[int, list[torch.Tensor]]
    exact: dict[int, list[torch.Tensor]]
    weights: dict[str, torch.Tensor]


def record(shape: str, destination: Path, options: GptqOptions, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Quantize, and remember each layer's inputs and its weights afterwards."""
    with quiet_gptqmodel():
        from medmo_export.gptq import loop
    original: Any = loop.quantize_layer
    recording = Recording(defaultdict(list), defaultdict(list), {})

    def recorder(layer: nn.Module, name: str, read: Any, *arguments: Any, **named: Any) -> Any:
        index = int(name.rpartition(".")[2])
        for quantized, exact in read():
            recording.quantized[index].append(quantized.hidden)
            if exact is not None:
                recording.exact[index].append(exact.hidden)
        packed = original(layer, name, read, *arguments, **named)
        recording.weights.update({f"{name}.{key}": value.clone() for key, value in layer.state_dict().items()})
        return packed

    monkeypatch.setattr(loop, "quantize_layer", recorder)
    quantize_gptq(source_checkpoint(shape), destination, options, calibration_samples())
    return recording


def true_inputs(shape: str, weights: dict[str, torch.Tensor]) -> dict[int, list[torch.Tensor]]:
    """Return each layer's inputs in transformers' own forward with some of its weights replaced."""
    source = source_checkpoint(shape)
    network = Qwen3VLForConditionalGeneration.from_pretrained(source, dtype=torch.float32).eval()
    network.load_state_dict(weights, strict=False)
    inputs: dict[int, list[torch.Tensor]] = defaultdict(list)
    for index, layer in enumerate(network.model.language_model.layers):
        layer.register_forward_pre_hook(lambda _, args, index=index: inputs[index].append(args[0].clone()))
    preparer = PromptPreparer(source, max_pixels=1280 * 1280)
    for sample in calibration_samples():
        network_logits(network, preparer.prepare(sample.turns, add_generation_prompt=False))
    return inputs


def assert_same(actual: dict[int, list[torch.Tensor]], expected: dict[int, list[torch.Tensor]]) -> None:
    assert actual.keys() == expected.keys()
    for index, truths in expected.items():
        for value, truth in zip(actual[index], truths, strict=True):
            torch.testing.assert_close(value, truth, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", ["tied", "untied"])
def test_every_layer_is_calibrated_on_its_true_inputs(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = record(shape, tmp_path, GptqOptions(), monkeypatch)
    assert_same(recording.quantized, true_inputs(shape, recording.weights))
    assert not recording.exact


def test_gptaq_also_sees_what_the_source_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = record("tied", tmp_path, GptqOptions(gptaq=0.25), monkeypatch)
    assert_same(recording.quantized, true_inputs("tied", recording.weights))
    assert_same(recording.exact, true_inputs("tied", {}))


def test_one_sample_is_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[DecoderInputs]] = []
    most = 0

    def remembered(*arguments: Any) -> DecoderInputs:
        inputs = DecoderInputs(*arguments)
        made.append(weakref.ref(inputs))
        return inputs

    def count(_phase: str, _done: int, _total: int) -> None:
        nonlocal most
        most = max(most, sum(reference() is not None for reference in made))

    for module in (samples, streamed):
        monkeypatch.setattr(module, "DecoderInputs", remembered)
    calibration = phantom_calibration(8, seed=8)
    quantize_gptq(source_checkpoint("tied"), tmp_path, GptqOptions(), calibration, progress=count)
    assert len(made) > 8 * 4  # each sample is read again for each layer
    assert most == 1
