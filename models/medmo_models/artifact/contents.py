"""An artifact's folder held against its manifest, problem by problem."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from medmo_models.artifact.hashing import Meter, sha256_file
from medmo_models.artifact.manifest import MANIFEST_NAME, Manifest
from medmo_models.artifact.staging import UNFINISHED_NAME
from medmo_models.errors import InputError

#: Files that hold weights: safetensors, ONNX graphs and their external data.
WEIGHT_SUFFIXES = frozenset({".safetensors", ".onnx", ".data"})
#: Data only: weights, settings and texts. Nothing that can run code when it is read.
_SUFFIXES = WEIGHT_SUFFIXES | {".json", ".jinja", ".txt", ".md"}
_NAMES = {"LICENSE", "NOTICE"}
#: Files that file managers leave wherever they look; no loader reads them.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
_AGAIN = "import or export the artifact again"


def folder_files(root: Path) -> Iterator[str]:
    """Yield the relative path, with forward slashes, of every file and link below ``root``.

    The manifest, the mark of an unfinished export and what file managers leave are not among them.
    """
    for folder, folders, files in os.walk(root, followlinks=False):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted(files + links):
            relative = (Path(folder) / name).relative_to(root).as_posix()
            if relative not in (MANIFEST_NAME, UNFINISHED_NAME) and name not in _LITTER:
                yield relative


def kind_problem(root: Path, name: str) -> str | None:
    """Return why a file may not be in an artifact whatever it holds, None if it may."""
    path = root / name
    if PurePosixPath(name).suffix not in _SUFFIXES and PurePosixPath(name).name not in _NAMES:
        return f"{path} is not a kind of file that an artifact may hold (safetensors, ONNX, settings and texts)."
    return None


def link_problem(root: Path, name: str) -> str | None:
    """Return what is wrong if a file is a link that leads out of the artifact, else None."""
    path = root / name
    # realpath, because Path.resolve raises on a loop of links.
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        return f"{path} is a link that leaves the artifact; import the model to copy the file itself."
    return None


def stranger_problems(root: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for every file that the manifest does not list."""
    for name in folder_files(root):
        if name not in manifest.files:
            yield f"{root / name} is not listed in the artifact's manifest; move it elsewhere or {_AGAIN}."


def listing_problems(root: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for every listed file that is missing, of a wrong kind or size, and for every stranger."""
    for name, entry in manifest.files.items():
        path = root / name
        if problem := kind_problem(root, name) or link_problem(root, name):
            yield problem
        elif not path.is_file():
            yield f"{path} is missing; {_AGAIN}."
        elif (size := path.stat().st_size) != entry.size:
            yield f"{path} has {size} bytes where the manifest says {entry.size}; {_AGAIN}."
    yield from stranger_problems(root, manifest)


def hash_problems(root: Path, manifest: Manifest, meter: Meter, *, use_cache: bool) -> Iterator[str]:
    """Yield a sentence for every file that cannot be read or whose SHA-256 is not the manifest's."""
    for name, entry in manifest.files.items():
        path = root / name
        if not path.is_file():
            continue
        try:
            digest = sha256_file(path, meter, use_cache=use_cache)
        except InputError as error:
            yield str(error)
        else:
            if digest != entry.sha256:
                yield f"{path} is damaged: its SHA-256 is not the manifest's; {_AGAIN}."
