"""From what the user named to the files to look at: folders walked, discs' indexes followed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.uid import MediaStorageDirectoryStorage

from medmo_models.errors import InputError
from medmo_models.imaging.library_calls import failure_means, quiet_library

_NOT_ENTERED = "__MACOSX"
_INDEX_NAME = "DICOMDIR"


@dataclass(frozen=True)
class FoundFile:
    """A file to look at, and the folder it was found in, None if the user named the file itself."""

    path: Path
    folder: Path | None


def find_files(paths: Sequence[Path], cancelled: Callable[[], bool]) -> tuple[list[FoundFile], list[str]]:
    """Return every file once, those of a folder in natural order, and a sentence for each path that is not there.

    Hidden files and folders and ``__MACOSX`` are passed over inside of folders. Links are followed, circles are not.
    """
    found: dict[Path, FoundFile] = {}
    problems = []
    for path in paths:
        try:
            for file in _files_of(path, cancelled):
                found.setdefault(_real(file.path), file)
        except InputError as problem:
            problems.append(f"{path}: {problem}")
    return list(found.values()), problems


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts ``slice2`` before ``slice10``."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def is_dicomdir(path: Path) -> bool:
    """Whether a file is the index of a disc, by its name and content."""
    if not path.name.upper().startswith(_INDEX_NAME):
        return False
    try:
        with quiet_library("pydicom"), failure_means("not DICOM"):
            meta = pydicom.filereader.read_file_meta_info(path)
            return bool(meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage)
    except InputError:
        return False


def _files_of(path: Path, cancelled: Callable[[], bool]) -> Iterator[FoundFile]:
    if path.is_dir():
        yield from (FoundFile(file, file.parent) for file in _walk(path, cancelled))
    elif not path.exists():
        raise InputError("there is no such file or folder")
    elif is_dicomdir(path):
        yield from (FoundFile(file, path.parent) for file in _files_of_index(path))
    else:
        yield FoundFile(path, None)


def _walk(root: Path, cancelled: Callable[[], bool]) -> Iterator[Path]:
    visited: set[Path] = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        here = Path(folder)
        if cancelled():
            return
        if _real(here) in visited:
            subfolders.clear()
            continue
        visited.add(_real(here))
        subfolders[:] = sorted(
            (name for name in subfolders if _is_wanted(name)), key=lambda name: natural_key(Path(name))
        )
        for name in sorted(filter(_is_wanted, names), key=lambda name: natural_key(Path(name))):
            if (here / name).is_file() and not is_dicomdir(here / name):
                yield here / name


def _is_wanted(name: str) -> bool:
    return not name.startswith(".") and name != _NOT_ENTERED


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _files_of_index(index: Path) -> list[Path]:
    """Return the files that a DICOMDIR names and that are there (PS3.10 section 8)."""
    with quiet_library("pydicom"), failure_means("the DICOMDIR is damaged; open its folder instead"):
        records = pydicom.dcmread(index).get("DirectoryRecordSequence") or []
        names = [record.ReferencedFileID for record in records if record.get("ReferencedFileID")]
        parts = [[name] if isinstance(name, str) else [str(part) for part in name] for name in names]
    inside = [part for part in parts if ".." not in part]
    files = [file for part in inside if (file := _ignoring_case(index.parent, part)) is not None]
    if not files:
        raise InputError("none of the files that this DICOMDIR names is beside it; open the folder that has them")
    return files


def _ignoring_case(folder: Path, parts: list[str]) -> Path | None:
    """Return the file below a folder; discs name files in capitals that some systems show in small letters."""
    for part in parts:
        candidates = (folder / part, folder / part.lower())
        folder = next((candidate for candidate in candidates if candidate.exists()), candidates[0])
    return folder if folder.is_file() else None
