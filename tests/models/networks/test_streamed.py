"""A network of which only the parts in use are in memory computes what the whole one computes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from medmo_models.errors import InputError
from medmo_models.networks.streamed import StreamedNetwork
from support.checkpoints import make_checkpoint, network_logits, prepare_prompt
from support.gptq_exports import IMAGE_SIZES, dequantized_network, gptq_export, source_checkpoint


@pytest.mark.parametrize("shape", ["tied", "untied"])
def test_a_gptq_export_gives_the_logits_of_its_values(shape: str) -> None:
    export, source = gptq_export(shape), source_checkpoint(shape)
    whole = dequantized_network(export, source)
    prompts = [prepare_prompt(source, sizes) for sizes in IMAGE_SIZES]
    seen: list[int] = []
    streamed = StreamedNetwork(export, "cpu", torch.float32)
    made = streamed.logits(prompts, [3, 0, 5], lambda done, _total: seen.append(done))
    for prompt, first, logits in zip(prompts, (3, 0, 5), made, strict=True):
        torch.testing.assert_close(logits, network_logits(whole, prompt)[first:], atol=1e-4, rtol=1e-4)
    assert seen == sorted(seen)
    assert seen[-1] == streamed.layers


def test_a_checkpoint_of_several_files_is_read_by_part(tmp_path: Path) -> None:
    whole = make_checkpoint(tmp_path / "whole", "tied")
    parts = make_checkpoint(tmp_path / "parts", "tied", max_shard_size="1MB")
    assert len(list(parts.glob("*.safetensors"))) > 2
    prompt = prepare_prompt(whole, ((288, 160),))
    single, several = (StreamedNetwork(path, "cpu", torch.float32).logits([prompt], [0])[0] for path in (whole, parts))
    assert single.equal(several)


def test_weights_are_in_memory_while_a_part_is_in_use_and_no_longer(tmp_path: Path) -> None:
    network = StreamedNetwork(make_checkpoint(tmp_path, "tied"), "cpu", torch.float32)
    with network.layer(1) as layer:
        assert {parameter.device.type for parameter in layer.parameters()} == {"cpu"}
    assert {parameter.device.type for parameter in layer.parameters()} == {"meta"}


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, "tied", max_shard_size="1MB")
    index = json.loads((checkpoint / "model.safetensors.index.json").read_text())
    name = "model.language_model.layers.2.mlp.up_proj.weight"
    lost = index["weight_map"][name]
    index["weight_map"] = {key: file for key, file in index["weight_map"].items() if file != lost}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index))
    network = StreamedNetwork(checkpoint, "cpu", torch.float32)
    with pytest.raises(InputError, match=r"lacks model\.language_model\.layers\.2\."), network.layer(2):
        pass
