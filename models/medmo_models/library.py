"""Which models are installed, and how one gets there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medmo_models.artifact.checkpoint import describe_checkpoint, read_checkpoint
from medmo_models.artifact.contents import folder_files, kind_problem
from medmo_models.artifact.copying import copy_resumably
from medmo_models.artifact.hashing import Meter, Progress
from medmo_models.artifact.manifest import MANIFEST_NAME, Manifest, manifest_text, read_manifest
from medmo_models.artifact.staging import begin_staging, exclusive, publish, refuse_unfinished
from medmo_models.artifact.store import Artifact, check_replaceable, open_artifact, resolve_spec
from medmo_models.directories import models_directory
from medmo_models.errors import InputError

EMBEDDED_NAME = "medmo-tiny"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class InstalledModel:
    """A folder in the library, as its manifest or headers describe it; nothing has been hashed.

    ``problem`` is one sentence if it cannot be used; ``spec_id`` and ``method`` are then None.
    """

    name: str
    path: Path
    spec_id: str | None
    method: str | None
    bits_per_weight: float | None
    size_bytes: int
    problem: str | None = None


def embedded_model_path() -> Path:
    """Return the folder of the model that ships inside the package."""
    return Path(__file__).parent / "embedded" / EMBEDDED_NAME


def list_models() -> list[InstalledModel]:
    """Return the embedded model and the installed ones, broken ones included, by name."""
    return [_summary(name, path) for name, path in sorted(_installed())]


def find_model(name_or_path: str) -> Path:
    """Return the folder of a model: a folder's path wins over an installed name.

    Raises
    ------
    InputError
        If it is neither; the text lists the installed names.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return path
    installed = dict(_installed())
    if name_or_path in installed:
        return installed[name_or_path]
    known = ", ".join(sorted(installed)) or "none"
    raise InputError(
        f"{name_or_path!r} is neither a folder nor an installed model (installed: {known}); "
        "give a folder, or install one with: medmo models import DIR."
    )


def name_problem(name: str) -> str | None:
    """Return why a model cannot be installed under a name, None if it can; whether it is taken is not looked up."""
    if not _NAME.fullmatch(name):
        return f"{name!r} cannot be a model's name: use letters, digits, dots, dashes and underscores."
    if name == EMBEDDED_NAME:
        return f"{name} is the name of the embedded model; choose another name."
    return None


def import_model(source: Path, name: str | None = None, progress: Progress | None = None) -> Artifact:
    """Copy a model into the library, going on where a cut-short import stopped.

    The copy of every file is read back and its SHA-256 compared with the source's manifest, or with the source itself
    for a plain checkpoint, which gets a manifest. Only files that belong to the model are copied; links are
    followed. The same model already there under the name is opened instead, or replaced if it is damaged.

    Parameters
    ----------
    source : Path
        An artifact or a plain checkpoint.
    name : str, optional
        The name to install under; the folder's name by default.
    progress : Progress, optional
        Told of the bytes hashed, copied and read back.

    Raises
    ------
    InputError
        If the source is damaged or no model, the name is taken or not a name, or the disk is too small.
    """
    name = source.resolve().name if name is None else name
    if problem := name_problem(name):
        raise InputError(problem)
    destination = models_directory().resolve() / name
    manifest, meter = _describe_source(source, progress)
    with exclusive(destination) as staging:
        if destination.exists() and (installed := _installed_already(destination, manifest)):
            return installed
        begin_staging(staging)
        _drop_strangers(staging, manifest)
        _check_space(staging, manifest)
        for relative, entry in manifest.files.items():
            copy_resumably(source / relative, staging / relative, entry, meter)
        (staging / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")
        publish(staging, destination)
    return Artifact(destination, manifest, resolve_spec(destination, manifest))


def _installed() -> Iterator[tuple[str, Path]]:
    """Yield name and folder of every model; hidden folders are unfinished imports."""
    if embedded_model_path().is_dir():
        yield EMBEDDED_NAME, embedded_model_path()
    library = models_directory()
    if library.is_dir():
        for entry in library.iterdir():
            if entry.is_dir() and _NAME.fullmatch(entry.name) and entry.name != EMBEDDED_NAME:
                yield entry.name, entry


def _summary(name: str, path: Path) -> InstalledModel:
    try:
        refuse_unfinished(path)
        if (path / MANIFEST_NAME).is_file():
            manifest = read_manifest(path)
            size = manifest.size_bytes
            return InstalledModel(name, path, manifest.spec_id, manifest.method, manifest.bits_per_weight, size)
        checkpoint = read_checkpoint(path)
    except InputError as error:
        size = sum((path / file).stat().st_size for file in folder_files(path) if (path / file).is_file())
        return InstalledModel(name, path, None, None, None, size, problem=str(error))
    return InstalledModel(
        name,
        path,
        checkpoint.spec.id,
        checkpoint.quantization.method,
        checkpoint.bits_per_weight,
        checkpoint.size_bytes,
    )


def _describe_source(source: Path, progress: Progress | None) -> tuple[Manifest, Meter]:
    """Return what is to be copied, and a meter over all passes: written, read back, and hashed if need be."""
    refuse_unfinished(source)
    if (source / MANIFEST_NAME).is_file():
        manifest = read_manifest(source)
        resolve_spec(source, manifest)
        for relative in manifest.files:
            if problem := kind_problem(source, relative):
                raise InputError(problem)
        return manifest, Meter(2 * manifest.size_bytes, progress)
    checkpoint = read_checkpoint(source)
    meter = Meter(3 * checkpoint.size_bytes, progress)
    return describe_checkpoint(checkpoint, meter), meter


def _installed_already(destination: Path, manifest: Manifest) -> Artifact | None:
    """Return what is installed if it is the model to import, None if it is that model but damaged."""
    if check_replaceable(destination).artifact_id != manifest.artifact_id:
        raise InputError(f"{destination.name} is already installed and is another model; choose another name.")
    try:
        return open_artifact(destination)
    except InputError:
        return None


def _drop_strangers(staging: Path, manifest: Manifest) -> None:
    """Remove what an earlier import of something else left."""
    for relative in list(folder_files(staging)):
        if relative not in manifest.files:
            (staging / relative).unlink()


def _check_space(staging: Path, manifest: Manifest) -> None:
    present = sum((staging / relative).stat().st_size for relative in folder_files(staging))
    missing = manifest.size_bytes - present
    free = shutil.disk_usage(staging).free
    if missing > free:
        raise InputError(f"{staging.parent} has {free >> 20} MiB free, but the model needs {missing >> 20} MiB more.")
