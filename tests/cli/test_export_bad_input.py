"""What users give ``medmo export`` by mistake, in every format: one sentence, exit code 2, nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from medmo_models.library import embedded_model_path
from support.command import Outcome, run_medmo

FORMATS = (
    ("gptq", "--samples", "2"),
    ("bnb",),
    ("bnb", "--quant-type", "fp4"),
    ("onnx", "--weights", "round-to-nearest"),
    ("onnx", "--samples", "2"),
)
every_format = pytest.mark.parametrize("format_options", FORMATS, ids="-".join)


def copied_model(folder: Path) -> Path:
    """Return a copy of the embedded model as a plain checkpoint, without its manifest."""
    shutil.copytree(embedded_model_path(), folder)
    (folder / "manifest.json").unlink()
    return folder


def export(format_options: tuple[str, ...], model: Path, out: Path) -> Outcome:
    name, *options = format_options
    return run_medmo("export", name, *options, "--model", str(model), "--out", str(out))


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def other_architecture(folder: Path) -> None:
    change_config(folder, model_type="llama", architectures=["LlamaForCausalLM"])


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    places = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def truncated(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 1_000_000)


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


DAMAGES: dict[Callable[[Path], None], str] = {
    no_config: "is no model: it has neither manifest.json nor config.json",
    broken_config: "config.json",
    other_architecture: "llama",
    no_weights: "safetensors",
    missing_shard: "model-00002-of-00002.safetensors is missing",
    truncated: "model.safetensors is cut short",
    no_tokenizer: "tokenizer",
}


@every_format
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_checkpoint_that_cannot_be_exported(
    format_options: tuple[str, ...], damage: Callable[[Path], None], tmp_path: Path
) -> None:
    model = copied_model(tmp_path / "model")
    damage(model)
    done = export(format_options, model, tmp_path / "out")
    assert done.code == 2, done.err
    assert DAMAGES[damage] in done.sentence()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@every_format
def test_weights_that_are_not_what_the_manifest_says(format_options: tuple[str, ...], tmp_path: Path) -> None:
    model = Path(shutil.copytree(embedded_model_path(), tmp_path / "model"))
    with (model / "model.safetensors").open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(bytes(8))
    done = export(format_options, model, tmp_path / "out")
    assert done.code == 2, done.err
    assert "model.safetensors is damaged" in done.sentence()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@every_format
def test_neither_a_folder_nor_a_name(format_options: tuple[str, ...], tmp_path: Path) -> None:
    done = export(format_options, tmp_path / "nothing", tmp_path / "out")
    assert done.code == 2
    assert "is neither a folder nor an installed model" in done.sentence()
    assert list(tmp_path.iterdir()) == []


@every_format
def test_what_is_there_already_stays(format_options: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    done = export(format_options, embedded_model_path(), out)
    assert done.code == 2
    assert f"{out} already exists; choose another --out or pass --overwrite." in done.sentence()
    name, *options = format_options
    model = ("--model", str(embedded_model_path()), "--out", str(out), "--overwrite")
    forced = run_medmo("export", name, *options, *model)
    assert forced.code == 2
    assert "is not an artifact, so it is not replaced" in forced.sentence()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "notes.txt").read_text() == "mine"
