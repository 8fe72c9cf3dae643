from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from medmo_models.artifact import open_model
from medmo_models.errors import InputError
from support.model_files import (
    BNB,
    BNB_CONFIG,
    FULL,
    GPTQ,
    GPTQ_CONFIG,
    LINEAR,
    REST,
    write_checkpoint,
    write_safetensors,
)

BY_TYPE = {name: {f"{LINEAR}.weight": (name, (256, 512))} for name in ("BF16", "F16", "F32", "F8_E4M3")}


@pytest.mark.parametrize(
    ("linear", "settings", "expected"),
    [
        (BY_TYPE["BF16"], None, ("bf16", 16, None, None, None, 16.0)),
        (BY_TYPE["F16"], None, ("fp16", 16, None, None, None, 16.0)),
        (BY_TYPE["F32"], None, ("fp32", 32, None, None, None, 32.0)),
        (GPTQ, GPTQ_CONFIG, ("gptq", 4, 64, True, False, 4.4375)),
        (BNB, BNB_CONFIG, ("bnb-nf4", 4, 64, None, None, 4.2)),
        (BNB, {**BNB_CONFIG, "bnb_4bit_quant_type": "fp4"}, ("bnb-fp4", 4, 64, None, None, 4.2)),
    ],
    ids=["bf16", "fp16", "fp32", "gptq", "nf4", "fp4"],
)
def test_a_plain_checkpoint_is_recognised_by_its_settings_and_headers(
    tmp_path: Path,
    linear: dict[str, tuple[str, tuple[int, ...]]],
    settings: dict[str, Any] | None,
    expected: tuple[object, ...],
) -> None:
    model = open_model(write_checkpoint(tmp_path / "MedMO", linear, settings))
    facts = model.manifest
    found = (facts.method, facts.bits, facts.group_size, facts.symmetric, facts.activation_order)
    assert found == expected[:5]
    assert facts.bits_per_weight == pytest.approx(expected[5], abs=0.01)
    assert not model.verified
    assert model.spec.id == "medmo-tiny"
    assert facts.source.name == "MedMO"


def test_the_id_of_a_checkpoint_follows_its_content(tmp_path: Path) -> None:
    first = open_model(write_checkpoint(tmp_path / "a"))
    assert open_model(write_checkpoint(tmp_path / "b")).id == first.id
    assert open_model(write_checkpoint(tmp_path / "c", seed=1)).id != first.id


def test_files_that_make_no_model_are_left_alone(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    plain = open_model(folder).id
    (folder / "training_args.bin").write_bytes(b"\x80\x04K\x01.")
    (folder / ".cache").mkdir()
    write_safetensors(folder / "adapter.safetensors", FULL)
    model = open_model(folder)
    assert model.id == plain
    assert set(model.manifest.files) == {"config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"}


def test_links_as_in_the_hugging_face_cache_are_followed(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    snapshot = tmp_path / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    for path in folder.iterdir():
        (snapshot / path.name).symlink_to(os.path.relpath(path, snapshot))
    assert open_model(snapshot).id == open_model(folder).id


def shard(folder: Path) -> Path:
    """Split the weights in two files with an index, as a large checkpoint is."""
    (folder / "model.safetensors").unlink()
    write_safetensors(folder / "model-00001-of-00002.safetensors", FULL)
    write_safetensors(folder / "model-00002-of-00002.safetensors", REST)
    weight_map = dict.fromkeys(FULL, "model-00001-of-00002.safetensors")
    weight_map |= dict.fromkeys(REST, "model-00002-of-00002.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder


def test_a_sharded_checkpoint_is_all_of_its_files(tmp_path: Path) -> None:
    folder = shard(write_checkpoint(tmp_path / "model"))
    assert len([name for name in open_model(folder).manifest.files if name.endswith(".safetensors")]) == 2
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(InputError, match=r"model-00002-of-00002\.safetensors is missing"):
        open_model(folder)


def test_an_index_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = shard(write_checkpoint(tmp_path / "model"))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": "../other.safetensors"}}))
    with pytest.raises(InputError, match=r"index\.json: '\.\./other\.safetensors' is not the name"):
        open_model(folder)


@pytest.mark.parametrize(
    ("linear", "settings", "sentence"),
    [
        (FULL, {"quant_method": "awq"}, '"awq" quantization is not supported'),
        (BNB, {**BNB_CONFIG, "bnb_4bit_quant_type": "int8"}, "only 4-bit nf4 and fp4 are supported"),
        (FULL, {"quant_method": "bitsandbytes", "load_in_4bit": False}, "only 4-bit nf4 and fp4 are supported"),
        (FULL, GPTQ_CONFIG, "settings do not fit the stored weights"),
        (GPTQ, None, "settings do not fit the stored weights"),
        (BNB, GPTQ_CONFIG, "settings do not fit the stored weights"),
        (GPTQ, {"quant_method": "gptq", "bits": 4}, '"quantization_config.group_size" is missing'),
        (GPTQ, [], '"quantization_config" must be an object'),
        (BY_TYPE["F8_E4M3"], None, "weights of type F8_E4M3 are not supported"),
        ({}, None, "no text layers"),
    ],
)
def test_what_cannot_be_run_is_refused(
    tmp_path: Path, linear: dict[str, tuple[str, tuple[int, ...]]], settings: Any, sentence: str
) -> None:
    folder = write_checkpoint(tmp_path / "model", linear, settings)
    with pytest.raises(InputError) as caught:
        open_model(folder)
    assert sentence in str(caught.value)
    assert str(folder / "config.json") in str(caught.value)


def test_pickled_weights_are_refused_unread(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="never from pickle files"):
        open_model(folder)
