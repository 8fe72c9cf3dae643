"""Folders written beside their destination and renamed: what is not finished never loads."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from medmo_models.errors import InputError

#: In every staging folder from its first moment until all of it is verified.
UNFINISHED_NAME = ".unfinished"


def refuse_unfinished(path: Path) -> None:
    """Raise InputError for a folder that an export or import has not finished."""
    if (path / UNFINISHED_NAME).exists():
        raise InputError(f"{path} is an unfinished export or import; run the command that made it again.")


@contextmanager
def exclusive(destination: Path) -> Iterator[Path]:
    """Hold the right to write ``destination`` and yield the path of its staging folder, which may exist.

    A swap that a kill interrupted is put right first. The parent folder is made if need be.

    Raises
    ------
    InputError
        If the parent folder cannot be written, or another process is writing the same destination.
    """
    parent, name = destination.parent, destination.name
    lock_path = parent / f".{name}.lock"
    lock = FileLock(lock_path, timeout=0)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise InputError(f"Another process is writing {destination}; wait until it has finished.") from error
    except OSError as error:
        raise InputError(f"{parent} cannot be written: {error.strerror}.") from error
    try:
        _repair_interrupted_swap(destination)
        yield parent / f".{name}.partial"
    finally:
        lock.release()
        with suppress(OSError):  # Windows: another process may have taken the lock by now
            lock_path.unlink(missing_ok=True)


def begin_staging(staging: Path) -> None:
    """Make a staging folder and mark it unfinished."""
    try:
        staging.mkdir(exist_ok=True)
        (staging / UNFINISHED_NAME).touch()
    except OSError as error:
        raise InputError(f"{staging.parent} cannot be written: {error.strerror}.") from error


def publish(staging: Path, destination: Path) -> None:
    """Give a finished staging folder its final name, swapping it with what is there.

    Raises
    ------
    InputError
        If the system refuses to rename; what was at ``destination`` is then back in place.
    """
    try:
        _sync_tree(staging)
        (staging / UNFINISHED_NAME).unlink()
        if destination.exists():
            _swap(staging, destination)
        else:
            staging.rename(destination)
    except OSError as error:
        raise InputError(f"{destination} cannot be written: {error.strerror}.") from error
    _sync_folder(destination.parent)


def resumable_folder(destination: Path, key: str) -> Path:
    """Return the folder beside ``destination`` where a long export keeps what it has done for the request ``key``."""
    return destination.parent / f".{destination.name}.work-{key}"


def resumable_folders(destination: Path) -> list[Path]:
    """Return the folders of all unfinished exports to ``destination`` that could be gone on with."""
    return sorted(destination.parent.glob(f".{_escape(destination.name)}.work-*"))


def discard_resumable(destination: Path) -> None:
    """Remove what unfinished exports to ``destination`` have kept; only while its writing is `exclusive`."""
    for folder in resumable_folders(destination):
        shutil.rmtree(folder, ignore_errors=True)


def discard_staging(destination: Path) -> None:
    """Remove what a killed export or import left beside ``destination``; what is at ``destination`` stays.

    What could have been gone on with goes too.

    Raises
    ------
    InputError
        If another process is writing the same destination.
    """
    destination = destination.resolve()
    with exclusive(destination) as staging:
        shutil.rmtree(staging, ignore_errors=True)
        discard_resumable(destination)


def _swap(staging: Path, destination: Path) -> None:
    # mkdtemp finds a free name; the rename needs it empty, and on Windows absent.
    replaced = Path(tempfile.mkdtemp(prefix=f".{destination.name}.replaced-", dir=destination.parent))
    replaced.rmdir()
    destination.rename(replaced)
    try:
        staging.rename(destination)
    except BaseException:
        replaced.rename(destination)
        raise
    shutil.rmtree(replaced, ignore_errors=True)


def _repair_interrupted_swap(destination: Path) -> None:
    """Put back what a killed swap had moved away, or finish removing it."""
    for replaced in destination.parent.glob(f".{_escape(destination.name)}.replaced-*"):
        if destination.exists():
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            replaced.rename(destination)


def _escape(name: str) -> str:
    """Quote the characters that a glob pattern gives a meaning."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _sync_tree(root: Path) -> None:
    """Force every file to the disk, so that a power cut after the rename cannot lose one."""
    mode = "rb" if os.name == "posix" else "rb+"  # Windows syncs only what is open for writing
    for folder, _, files in os.walk(root):
        for name in files:
            with (Path(folder) / name).open(mode) as file:
                os.fsync(file.fileno())
        _sync_folder(Path(folder))


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # Windows has no handle on a folder to sync
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
