"""What an unfinished export keeps: whole records count, damage costs no more than it must."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from medmo_export.gptq.work import Work

LAYERS, SAMPLES = 5, 2


def tensors(value: int) -> dict[str, torch.Tensor]:
    return {"hidden": torch.full((1, 3), value)}


def begun(folder: Path, done: int) -> Work:
    """Return the work of an export that has finished ``done`` layers."""
    work = Work(folder, LAYERS)
    for sample in range(SAMPLES):
        work.write_constants(sample, tensors(sample))
        work.write_inputs(0, sample, tensors(sample))
    work.begin(threads=2)
    for layer in range(done):
        for sample in range(SAMPLES if layer + 1 < LAYERS else 0):
            work.write_inputs(layer + 1, sample, tensors(layer + 1 + sample))
        work.finish_layer(layer, tensors(-layer))
    return work


def damage(path: Path) -> None:
    """Change one byte."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("done", range(LAYERS + 1))
def test_another_process_finds_what_is_finished(tmp_path: Path, done: int) -> None:
    begun(tmp_path, done)
    work = Work(tmp_path, LAYERS)
    assert work.finished_layers() == (done, False)
    assert work.threads == 2
    if done < LAYERS:
        assert work.read_inputs(done, 1)["hidden"].equal(torch.full((1, 3), done + 1))
        assert work.read_constants(1)["hidden"].equal(torch.full((1, 3), 1))


def test_inputs_of_two_layers_are_kept_at_most(tmp_path: Path) -> None:
    begun(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.glob("inputs-*")) == ["inputs-002", "inputs-003"]


def test_files_that_no_record_names_do_not_count(tmp_path: Path) -> None:
    work = begun(tmp_path, 2)
    work.write_inputs(3, 0, tensors(9))
    work.write("layer-002.safetensors", tensors(9))  # killed before the record
    assert Work(tmp_path, LAYERS).finished_layers() == (2, False)


@pytest.mark.parametrize("name", ["layer-002.safetensors", "layer-002.json", "inputs-003/00001.safetensors"])
def test_damage_to_the_last_layer_costs_that_layer(tmp_path: Path, name: str) -> None:
    begun(tmp_path, 3)
    damage(tmp_path / name)
    done, damaged = Work(tmp_path, LAYERS).finished_layers()
    assert done == 2
    assert damaged or name.endswith(".json")  # without its record nobody knows that the layer was there


@pytest.mark.parametrize(
    "name", ["layer-000.safetensors", "layer-001.safetensors", "constants/00000.safetensors", "begun.json"]
)
def test_damage_that_nothing_can_mend_starts_again(tmp_path: Path, name: str) -> None:
    begun(tmp_path, 4)
    damage(tmp_path / name)
    work = Work(tmp_path, LAYERS)
    assert work.finished_layers() == (0, True)
    assert work.threads is None
    assert list(tmp_path.iterdir()) == []


def test_a_record_of_another_make_is_damage(tmp_path: Path) -> None:
    begun(tmp_path, 2)
    (tmp_path / "layer-001.json").write_text('{"sha256": 7}')
    assert Work(tmp_path, LAYERS).finished_layers() == (1, True)
