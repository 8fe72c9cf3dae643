"""The files beside the weights keep their meaning for old and new readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import Qwen3VLConfig

from medmo_export.checkpoint_files import copy_companions, portable_config, write_config
from medmo_models.errors import InputError
from support.model_files import TINY_CONFIG

ROPE = {"rope_type": "default", "mrope_section": [12, 10, 10], "mrope_interleaved": True}


def config_with(**text: Any) -> dict[str, Any]:
    return {**TINY_CONFIG, "text_config": {**TINY_CONFIG["text_config"], **text}}


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_parameters": {**ROPE, "rope_theta": 5e6}},
        {"rope_scaling": ROPE, "rope_theta": 5e6},
        {"rope_scaling": {**ROPE, "type": "default"}, "rope_theta": 5e6, "rope_parameters": None},
    ],
    ids=["transformers-5", "transformers-4.57", "both"],
)
def test_the_rotary_settings_are_written_for_both_generations(rope: dict[str, Any]) -> None:
    config = {**config_with(**rope), "rope_parameters": {"rope_theta": 10000.0}, "_name_or_path": "/home/someone/model"}
    written = portable_config(config)
    assert "rope_parameters" not in written
    assert "_name_or_path" not in written
    assert written["text_config"]["rope_theta"] == 5e6
    assert written["text_config"]["rope_scaling"] == ROPE
    assert Qwen3VLConfig.from_dict(written).text_config.rope_parameters == {**ROPE, "rope_theta": 5e6}


def test_a_configuration_without_a_rotary_base_is_refused() -> None:
    with pytest.raises(InputError, match="rope_theta"):
        portable_config(TINY_CONFIG)


def test_processor_settings_of_transformers_5_are_written_for_4_57_too(tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "export"
    source.mkdir()
    destination.mkdir()
    settings = {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 16}
    (source / "processor_config.json").write_text(json.dumps({"image_processor": settings}))
    (source / "optimizer.pt").write_bytes(b"not a companion")
    copy_companions(source, destination)
    assert sorted(path.name for path in destination.iterdir()) == ["preprocessor_config.json", "processor_config.json"]
    assert json.loads((destination / "preprocessor_config.json").read_text()) == settings


def test_the_settings_that_a_library_wrote_are_kept(tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "export"
    source.mkdir()
    destination.mkdir()
    (source / "config.json").write_text(json.dumps(config_with(rope_scaling=ROPE, rope_theta=5e6)))
    (destination / "config.json").write_text(json.dumps({"quantization_config": {"quant_method": "bitsandbytes"}}))
    write_config(source, destination)
    written = json.loads((destination / "config.json").read_text())
    assert written["quantization_config"] == {"quant_method": "bitsandbytes"}
    assert written["model_type"] == "qwen3_vl"


def test_special_tokens_of_transformers_5_are_listed_where_4_57_looks(tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "export"
    source.mkdir()
    destination.mkdir()
    tokens = ["<|im_start|>", "<|im_end|>"]
    settings = {"extra_special_tokens": tokens, "eos_token": "<|im_end|>"}
    (source / "tokenizer_config.json").write_text(json.dumps(settings))
    copy_companions(source, destination)
    written = json.loads((destination / "tokenizer_config.json").read_text())
    assert written == {"additional_special_tokens": tokens, "eos_token": "<|im_end|>"}
