"""What cannot be quantized is refused in one sentence that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from medmo_export.checkpoint import check_checkpoint
from medmo_models.errors import InputError
from support.model_files import GPTQ, GPTQ_CONFIG, write_checkpoint


def _other_architecture(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))


def _pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _missing_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _truncated(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
        (_other_architecture, "llama"),
        (_pickle, "never from pickle"),
        (_missing_shard, "model-2.safetensors is missing"),
        (_truncated, "model.safetensors is cut short"),
    ],
)
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint")
    check_checkpoint(folder)
    damage(folder)
    with pytest.raises(InputError, match=message) as caught:
        check_checkpoint(folder)
    assert str(folder) in str(caught.value)


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "model").touch()
    with pytest.raises(InputError, match="is not a folder"):
        check_checkpoint(tmp_path / "model")


def test_a_quantized_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint", GPTQ, GPTQ_CONFIG)
    with pytest.raises(InputError, match=r"already quantized \(gptq\)"):
        check_checkpoint(folder)
