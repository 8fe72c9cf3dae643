"""Artifacts on disk: made whole or not at all, checked whenever they are opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from medmo_models.artifact.checkpoint import CONFIG_NAME, describe_checkpoint, read_checkpoint
from medmo_models.artifact.contents import (
    WEIGHT_SUFFIXES,
    folder_files,
    hash_problems,
    kind_problem,
    link_problem,
    listing_problems,
    stranger_problems,
)
from medmo_models.artifact.hashing import Meter, Progress, sha256_file
from medmo_models.artifact.manifest import (
    MANIFEST_NAME,
    FileEntry,
    Manifest,
    ManifestFacts,
    manifest_text,
    read_manifest,
)
from medmo_models.artifact.staging import begin_staging, exclusive, publish, refuse_unfinished
from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.errors import InputError
from medmo_models.specs import ModelSpec, spec_for_config
from medmo_models.strict_json import read_json_object


@dataclass(frozen=True)
class Artifact:
    """A model that can be loaded.

    ``spec`` has the architecture of the artifact's ``config.json`` and the coordinate space of its manifest.
    ``verified`` is False for a plain checkpoint: its manifest was made on opening, so no file has been checked
    against what its maker wrote.
    """

    path: Path
    manifest: Manifest
    spec: ModelSpec
    verified: bool = True

    @property
    def id(self) -> str:
        """The SHA-256 that names the content (`Manifest.artifact_id`)."""
        return self.manifest.artifact_id

    @property
    def weight_bytes(self) -> int:
        """Bytes of the files that hold weights: safetensors, or ONNX and its external data."""
        return sum(
            entry.size for name, entry in self.manifest.files.items() if PurePosixPath(name).suffix in WEIGHT_SUFFIXES
        )


class ArtifactWriter:
    """A staging folder on its way to become an artifact; see `create_artifact`."""

    def __init__(self, path: Path, destination: Path) -> None:
        self.path = path
        self._destination = destination
        self.finished = False

    def finish(self, facts: ManifestFacts, progress: Progress | None = None) -> Artifact:
        """Hash all files in the staging folder, write the manifest, check the whole and move it into place.

        Parameters
        ----------
        facts : ManifestFacts
            What the manifest states beside the files.
        progress : Progress, optional
            Told of the bytes hashed.

        Returns
        -------
        Artifact
            At the destination.

        Raises
        ------
        InputError
            If a file may not be in an artifact, a safetensors file is cut short, or ``config.json`` does not
            have the shape of ``facts.spec_id``.
        """
        names = sorted(folder_files(self.path))
        for name in names:
            if problem := kind_problem(self.path, name) or link_problem(self.path, name):
                raise InputError(problem)
        read_tensor_headers(self.path / name for name in names if name.endswith(".safetensors"))
        sizes = {name: (self.path / name).stat().st_size for name in names}
        meter = Meter(sum(sizes.values()), progress)
        files = {name: FileEntry(sizes[name], sha256_file(self.path / name, meter)) for name in names}
        manifest = Manifest(**vars(facts), files=files, created=datetime.now(UTC).date().isoformat())
        (self.path / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")
        spec = resolve_spec(self.path, read_manifest(self.path))
        publish(self.path, self._destination)
        self.finished = True
        return Artifact(self._destination, manifest, spec)


@contextmanager
def create_artifact(destination: Path, *, overwrite: bool = False) -> Iterator[ArtifactWriter]:
    """Make an artifact in a hidden folder beside ``destination`` that is renamed when it is finished.

    Write the files, ``config.json`` among them, into ``writer.path``, then call ``writer.finish(facts)``. Whatever
    leaves the ``with`` block before that, an exception or Ctrl-C, removes the staging folder. What a
    killed process left is removed by the next one; it never loads.

    Parameters
    ----------
    destination : Path
        The artifact's folder. Parent folders are made.
    overwrite : bool
        Whether an artifact may be replaced. Only an artifact ever is, and only at the end.

    Raises
    ------
    InputError
        Before anything is done, if the destination exists or cannot be written, or another process writes it.
    """
    destination = destination.resolve()
    with exclusive(destination) as staging:
        if destination.exists():
            if not overwrite:
                raise InputError(f"{destination} already exists; choose another --out or pass --overwrite.")
            check_replaceable(destination)
        shutil.rmtree(staging, ignore_errors=True)
        begin_staging(staging)
        writer = ArtifactWriter(staging, destination)
        try:
            yield writer
            if not writer.finished:
                raise RuntimeError("the block of create_artifact ended without a call of finish()")
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def open_artifact(path: Path, progress: Progress | None = None) -> Artifact:
    """Open an artifact after checking every file's presence, size and SHA-256.

    A file that has not changed since it was last hashed is not read again (see `hashing`).

    Raises
    ------
    InputError
        With the first problem: the manifest, a missing or damaged file, a file that the manifest does not list, a
        link that leaves the folder, or a kind of file that can run code.
    """
    refuse_unfinished(path)
    if not (path / MANIFEST_NAME).is_file():
        raise InputError(f"{path} is not an artifact: it has no {MANIFEST_NAME}.")
    manifest = read_manifest(path)
    meter = Meter(manifest.size_bytes, progress)
    for problem in listing_problems(path, manifest):
        raise InputError(problem)
    for problem in hash_problems(path, manifest, meter, use_cache=True):
        raise InputError(problem)
    return Artifact(path, manifest, resolve_spec(path, manifest))


def open_model(path: Path, progress: Progress | None = None) -> Artifact:
    """Open an artifact, or a plain Hugging Face checkpoint (``config.json`` and safetensors) without a manifest.

    For a checkpoint the manifest is made on the spot, with ``verified`` False: the method from the settings and
    headers, the hashes from the files as they are. Other files in its folder are never read.

    Raises
    ------
    InputError
        If the folder is neither, or as `open_artifact` and `read_checkpoint`.
    """
    if (path / MANIFEST_NAME).is_file():
        return open_artifact(path, progress)
    checkpoint = read_checkpoint(path)
    manifest = describe_checkpoint(checkpoint, Meter(checkpoint.size_bytes, progress))
    return Artifact(path, manifest, checkpoint.spec, verified=False)


def verify_artifact(path: Path, progress: Progress | None = None) -> list[str]:
    """Read every byte of an artifact and return every problem, one sentence each; an empty list means good.

    Nothing remembered is trusted, and what is found is remembered: damage found here also stops the next
    `open_artifact`.
    """
    try:
        refuse_unfinished(path)
        manifest = read_manifest(path)
    except InputError as error:
        return [str(error)]
    meter = Meter(manifest.size_bytes, progress)
    problems = [*listing_problems(path, manifest), *hash_problems(path, manifest, meter, use_cache=False)]
    try:
        resolve_spec(path, manifest)
    except InputError as error:
        problems.append(str(error))
    return problems


def resolve_spec(path: Path, manifest: Manifest) -> ModelSpec:
    """Return the spec by an artifact's ``config.json``, in the coordinate space of its manifest.

    Raises
    ------
    InputError
        If the manifest does not list ``config.json`` or names another spec.
    """
    if CONFIG_NAME not in manifest.files:
        raise InputError(f"{path / MANIFEST_NAME}: {CONFIG_NAME} is not among the files; export the artifact again.")
    spec = spec_for_config(read_json_object(path / CONFIG_NAME), str(path / CONFIG_NAME))
    if spec.id != manifest.spec_id:
        raise InputError(
            f'{path / MANIFEST_NAME}: "spec_id" is "{manifest.spec_id}", '
            f'but {CONFIG_NAME} has the shape of "{spec.id}"; export the artifact again.'
        )
    return replace(spec, coordinate_space=manifest.coordinate_space)


def check_replaceable(path: Path) -> Manifest:
    """Return the manifest of a folder that is an artifact, damaged or not, and nothing else.

    Raises
    ------
    InputError
        If replacing the folder could lose anything but an artifact.
    """
    try:
        manifest = read_manifest(path)
    except InputError as error:
        raise InputError(f"{path} is not an artifact, so it is not replaced; choose another name.") from error
    for problem in stranger_problems(path, manifest):
        raise InputError(f"{path} is not replaced: {problem}")
    return manifest
