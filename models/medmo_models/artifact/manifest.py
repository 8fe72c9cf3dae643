"""The manifest: what an artifact says about itself, read and written strictly."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from medmo_models.artifact.hashing import SHA256_PATTERN
from medmo_models.coordinates import CoordinateSpace
from medmo_models.strict_json import JsonFields, canonical_json, read_json_object

MANIFEST_NAME = "manifest.json"
SCHEMA_VERSION = 1

#: How the weights are stored. The first three are full precision, by the data type of the text layers.
Method = Literal["bf16", "fp16", "fp32", "gptq", "bnb-nf4", "bnb-fp4", "onnx-int4", "onnx-fp32"]


@dataclass(frozen=True)
class FileEntry:
    """One file of an artifact: its size in bytes and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """The checkpoint that an artifact was made from.

    ``sha256`` is the `files_digest` of the checkpoint; ``name`` is the name of its folder.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class Calibration:
    """The calibration set of an export: its id, its SHA-256 and how many samples were used."""

    id: str
    sha256: str
    samples: int


@dataclass(frozen=True, kw_only=True)
class ManifestFacts:
    """What an export states; the rest of a `Manifest` is found by looking at the files."""

    spec_id: str
    coordinate_space: CoordinateSpace
    method: Method
    bits: int
    """Bits of a quantized weight, or of the full-precision data type."""
    group_size: int | None = None
    """Weights that share one scale, -1 for a whole row; None in full precision."""
    symmetric: bool | None = None
    """Whether the zero point is fixed; None where the method has no such choice."""
    activation_order: bool | None = None
    """Whether columns were quantized in the order of their activations; None where there is no such choice."""
    high_precision: Mapping[str, str]
    """Each component that is kept in 16 bits or more, and why. Empty in full precision or when not recorded."""
    calibration: Calibration | None = None
    bits_per_weight: float
    """Stored bits per original weight of the linear layers of the text model (`weights.BitsPerWeight.text_layers`)."""
    source: Source
    tools: Mapping[str, str]
    """Name and version of each tool that made the artifact."""
    self_check: Mapping[str, object] | None = None
    """What the export measured against its source, as JSON; None if nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class Manifest(ManifestFacts):
    """The content of ``manifest.json``."""

    files: Mapping[str, FileEntry]
    """Every file but the manifest, by its relative path with forward slashes."""
    created: str
    """ISO 8601 date (UTC)."""
    schema_version: int = SCHEMA_VERSION

    @property
    def artifact_id(self) -> str:
        """SHA-256 over what decides the answers: the files, how to read them, and the box convention.

        The folder's name, the date, the tools and the measurements do not change it.
        """
        identity = {
            "spec_id": self.spec_id,
            "coordinate_space": self.coordinate_space,
            "method": self.method,
            "bits": self.bits,
            "group_size": self.group_size,
            "symmetric": self.symmetric,
            "activation_order": self.activation_order,
            "files": files_digest(self.files),
        }
        return hashlib.sha256(canonical_json(identity)).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.files.values())


def files_digest(files: Mapping[str, FileEntry]) -> str:
    """Return the SHA-256 over the canonical JSON of paths, sizes and hashes."""
    return hashlib.sha256(
        canonical_json({name: dataclasses.asdict(entry) for name, entry in files.items()})
    ).hexdigest()


def manifest_text(manifest: Manifest) -> str:
    """Return the text of ``manifest.json``."""
    return (
        json.dumps(dataclasses.asdict(manifest), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def read_manifest(directory: Path) -> Manifest:
    """Read and check an artifact's manifest, without looking at the other files.

    Raises
    ------
    InputError
        Naming the file and the key that is missing, unknown or wrongly typed, or the unknown schema version.
    """
    path = directory / MANIFEST_NAME
    fields = JsonFields(read_json_object(path), str(path))
    version = fields.integer("schema_version")
    if version != SCHEMA_VERSION:
        fields.fail("schema_version", f"is {version}, but this medmo reads {SCHEMA_VERSION}; update medmo")
    manifest = Manifest(
        schema_version=version,
        spec_id=fields.text("spec_id"),
        coordinate_space=fields.choice("coordinate_space", get_args(CoordinateSpace)),
        method=fields.choice("method", get_args(Method)),
        bits=fields.integer("bits", 1),
        group_size=fields.optional("group_size", lambda key: fields.integer(key, -1)),
        symmetric=fields.optional("symmetric", fields.boolean),
        activation_order=fields.optional("activation_order", fields.boolean),
        high_precision=_texts(fields.fields("high_precision")),
        calibration=fields.optional("calibration", lambda key: _calibration(fields.fields(key))),
        bits_per_weight=fields.number("bits_per_weight"),
        source=_source(fields.fields("source")),
        tools=_texts(fields.fields("tools")),
        self_check=fields.optional("self_check", lambda key: _values(fields.fields(key))),
        files=_files(fields.fields("files")),
        created=_date(fields, "created"),
    )
    fields.refuse_others()
    return manifest


def _texts(fields: JsonFields) -> dict[str, str]:
    return {key: fields.text(key) for key in fields}


def _values(fields: JsonFields) -> dict[str, object]:
    return {key: fields.value(key) for key in fields}


def _source(fields: JsonFields) -> Source:
    source = Source(fields.text("name"), _sha256(fields))
    fields.refuse_others()
    return source


def _calibration(fields: JsonFields) -> Calibration:
    calibration = Calibration(fields.text("id"), _sha256(fields), fields.integer("samples"))
    fields.refuse_others()
    return calibration


def _files(fields: JsonFields) -> dict[str, FileEntry]:
    files = {}
    for name in fields:
        if not _is_inside(name):
            fields.fail(name, "is not the path of a file inside the artifact")
        entry = fields.fields(name)
        files[name] = FileEntry(entry.integer("size"), _sha256(entry))
        entry.refuse_others()
    return files


def _is_inside(name: str) -> bool:
    """Whether a listed path is relative, in its one normal form on every platform, and not the manifest's."""
    path = PurePosixPath(name)
    foreign = any(character in name for character in ("\\", ":", "\0"))
    return (
        str(path) == name
        and name not in (".", MANIFEST_NAME)
        and not (path.is_absolute() or ".." in path.parts or foreign)
    )


def _sha256(fields: JsonFields) -> str:
    digest = fields.text("sha256")
    if not SHA256_PATTERN.fullmatch(digest):
        fields.fail("sha256", "must be 64 lower-case hexadecimal digits")
    return digest


def _date(fields: JsonFields, key: str) -> str:
    text = fields.text(key)
    try:
        date.fromisoformat(text)
    except ValueError:
        fields.fail(key, "must be a date such as 2025-01-31")
    return text
