from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from medmo_models.artifact import Calibration, FileEntry, Manifest, Source
from medmo_models.artifact.manifest import manifest_text, read_manifest
from medmo_models.errors import InputError

MANIFEST = Manifest(
    spec_id="medmo-4b",
    coordinate_space="relative-1000",
    method="gptq",
    bits=4,
    group_size=128,
    symmetric=True,
    activation_order=False,
    high_precision={"vision": "quantizing it costs grounding accuracy"},
    calibration=Calibration("phantoms-7", "a" * 64, 32),
    bits_per_weight=4.16,
    source=Source("MedMO-4B", "b" * 64),
    tools={"gptqmodel": "7.7.0"},
    self_check={"kld_mean": 0.01, "samples": [1, 2]},
    files={"config.json": FileEntry(10, "c" * 64), "sub/weights.safetensors": FileEntry(2**33, "d" * 64)},
    created="2025-11-23",
)


def write(folder: Path, value: object) -> Path:
    (folder / "manifest.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


def as_json() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(manifest_text(MANIFEST))
    return content


def test_a_manifest_survives_the_disk(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(manifest_text(MANIFEST), encoding="utf-8")
    assert read_manifest(tmp_path) == MANIFEST


def test_null_where_a_method_has_no_such_choice(tmp_path: Path) -> None:
    plain = dataclasses.replace(
        MANIFEST, method="bf16", bits=16, group_size=None, symmetric=None, activation_order=None, calibration=None,
        self_check=None,
    )  # fmt: skip
    (tmp_path / "manifest.json").write_text(manifest_text(plain), encoding="utf-8")
    assert read_manifest(tmp_path) == plain


@pytest.mark.parametrize("key", sorted(as_json()))
def test_every_key_is_required(tmp_path: Path, key: str) -> None:
    content = as_json()
    del content[key]
    with pytest.raises(InputError, match=rf'manifest\.json: "{key}" is missing'):
        read_manifest(write(tmp_path, content))


@pytest.mark.parametrize("key", sorted(as_json()))
def test_every_key_has_a_type(tmp_path: Path, key: str) -> None:
    content = as_json()
    content[key] = [["wrong"]]
    with pytest.raises(InputError, match=rf'manifest\.json: "{key}" must be'):
        read_manifest(write(tmp_path, content))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, '"schema_version" is 2, but this medmo reads 1'),
        ({"method": "awq"}, "\"method\" must be one of bf16, .* not 'awq'"),
        ({"coordinate_space": "millimetres"}, '"coordinate_space" must be one of'),
        ({"bits": True}, '"bits" must be a whole number'),
        ({"bits": 0}, '"bits" must be a whole number, at least 1'),
        ({"bits_per_weight": -1}, '"bits_per_weight" must be a number'),
        ({"created": "yesterday"}, '"created" must be a date'),
        ({"source": {"name": "x"}}, '"source.sha256" is missing'),
        ({"source": {"name": "x", "sha256": "b" * 64, "url": ""}}, '"source.url" is not a known key'),
        ({"calibration": {"id": "x", "sha256": "B" * 64, "samples": 1}}, '"calibration.sha256" must be 64 lower-case'),
        ({"tools": {"torch": 2}}, '"tools.torch" must be a string'),
        ({"files": {"a.json": {"size": "1", "sha256": "c" * 64}}}, '"files.a.json.size" must be a whole number'),
        ({"colour": "red"}, '"colour" is not a known key'),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_manifest(write(tmp_path, {**as_json(), **change}))
    assert str(tmp_path / "manifest.json") in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../weights.safetensors", "/etc/passwd", "a/../b", "a//b", "./a", "", ".", "a\\b", "C:a", "manifest.json"]
)
def test_a_listed_path_stays_inside(tmp_path: Path, name: str) -> None:
    content = {**as_json(), "files": {name: {"size": 1, "sha256": "c" * 64}}}
    with pytest.raises(InputError, match="is not the path of a file inside the artifact"):
        read_manifest(write(tmp_path, content))


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"bits_per_weight": NaN}', "[" * 100_000, "\udcff"])
def test_what_is_not_a_json_object_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"manifest\.json (is not valid JSON|must hold a JSON object)"):
        read_manifest(tmp_path)


def test_the_id_names_the_content_and_nothing_else() -> None:
    same = dataclasses.replace(
        MANIFEST, created="2030-01-01", tools={}, self_check=None, source=Source("elsewhere", "0" * 64)
    )
    assert same.artifact_id == MANIFEST.artifact_id
    # Recorded: an id that users have written down must not change with a version of medmo.
    assert MANIFEST.artifact_id == "9c1572a1013d663387fa2ba983dbd28331fe8dac833d4d4deefbff18e66160db"


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"config.json": FileEntry(10, "e" * 64), "sub/weights.safetensors": FileEntry(2**33, "d" * 64)}},
        {"files": {"config.json": FileEntry(10, "c" * 64), "weights.safetensors": FileEntry(2**33, "d" * 64)}},
        {"coordinate_space": "pixels"},
        {"group_size": 64},
        {"method": "onnx-int4"},
    ],
)
def test_what_changes_the_answers_changes_the_id(change: dict[str, Any]) -> None:
    assert dataclasses.replace(MANIFEST, **change).artifact_id != MANIFEST.artifact_id
