"""What a bitsandbytes export stores: every byte as quantized before any forward, the rest as in the source."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from medmo_export.bnb import BnbOptions, quantize_bnb
from medmo_models.artifact.weights import TEXT_LINEAR
from medmo_models.networks.bitsandbytes import QuantType
from medmo_models.strict_json import read_json_object
from support.gptq_exports import source_checkpoint

pytest.importorskip("bitsandbytes")


def stored(folder: Path) -> dict[str, torch.Tensor]:
    return {name: value for file in folder.glob("*.safetensors") for name, value in load_file(file).items()}


@pytest.mark.parametrize("quant_type", ["nf4", "fp4"])
@pytest.mark.parametrize("shape", ["tied", "untied"])
def test_text_layers_are_what_bitsandbytes_rounds_and_all_else_is_the_source(
    shape: str, quant_type: QuantType, tmp_path: Path
) -> None:
    from bitsandbytes.functional import quantize_4bit

    quantize_bnb(source_checkpoint(shape), tmp_path, BnbOptions(quant_type))
    source, export = stored(source_checkpoint(shape)), stored(tmp_path)
    settings = read_json_object(tmp_path / "config.json")["quantization_config"]
    assert settings["bnb_4bit_quant_type"] == quant_type
    assert settings["bnb_4bit_use_double_quant"] is True
    packed = 0
    for name, value in source.items():
        if TEXT_LINEAR.search(name) and name.endswith(".weight"):
            expected, state = quantize_4bit(value, quant_type=quant_type, compress_statistics=True)
            assert torch.equal(export[name], expected), name
            assert torch.equal(export[f"{name}.absmax"], state.absmax), name
            assert f"{name}.quant_state.bitsandbytes__{quant_type}" in export
            packed += 1
        else:
            assert torch.equal(export[name], value), name
    assert packed > 0
