"""SHA-256 of files, remembered between runs.

A load hashes a file the first time and whenever its size, time or inode changed; after that it only looks at
the file's status. Damage that restores all three is found by `verify_artifact`, which reads every byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from medmo_models.directories import user_cache_directory
from medmo_models.errors import InputError

#: Called with the bytes done and the bytes in all; it cancels by raising `CancelledError`.
Progress = Callable[[int, int], None]

CHUNK_BYTES = 1 << 20
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
#: A file younger than this may change again within one tick of a coarse clock (FAT: 2 s), so it is not remembered.
_SETTLED_AFTER_NS = 2_000_000_000


class Meter:
    """Adds up the bytes of several files for one progress callback.

    Parameters
    ----------
    total : int
        Bytes in all.
    progress : Progress or None
        Called after every step; what it raises goes through.
    """

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def advance(self, count: int) -> None:
        """Report ``count`` more bytes."""
        self._done = min(self._done + count, self._total)
        if self._progress is not None:
            self._progress(self._done, self._total)


def sha256_file(path: Path, meter: Meter | None = None, *, use_cache: bool = True) -> str:
    """Return a file's SHA-256 as 64 lower-case hexadecimal digits.

    Parameters
    ----------
    path : Path
        The file; a link is followed.
    meter : Meter, optional
        Told of the bytes read, or of the whole file when the hash was remembered.
    use_cache : bool
        Whether a remembered hash will do. A newly computed one is remembered either way.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as file:
            before = _status(os.fstat(file.fileno()))
            digest = _recall(path, before) if use_cache else None
            if digest is not None:
                if meter is not None:
                    meter.advance(before["size"])
                return digest
            hasher, buffer = hashlib.sha256(), memoryview(bytearray(CHUNK_BYTES))
            while count := file.readinto(buffer):
                hasher.update(buffer[:count])
                if meter is not None:
                    meter.advance(count)
            unchanged = _status(os.fstat(file.fileno())) == before
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    digest = hasher.hexdigest()
    if unchanged and abs(time.time_ns() - before["mtime_ns"]) > _SETTLED_AFTER_NS:
        _remember(path, before, digest)
    return digest


def _status(status: os.stat_result) -> dict[str, int]:
    """Return what must stay the same for a remembered hash to hold."""
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}


def _entry_path(path: Path) -> Path:
    # One small file per hashed file: concurrent processes neither wait for one another nor lose entries.
    name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()
    return user_cache_directory() / "hashes" / f"{name}.json"


def _recall(path: Path, status: dict[str, int]) -> str | None:
    """Return the remembered hash of a file with this status, None if there is none that can be trusted."""
    try:
        entry = json.loads(_entry_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, InputError):
        return None
    if not isinstance(entry, dict) or any(entry.get(key) != value for key, value in status.items()):
        return None
    digest = entry.get("sha256")
    return digest if isinstance(digest, str) and SHA256_PATTERN.fullmatch(digest) else None


def _remember(path: Path, status: dict[str, int], digest: str) -> None:
    """Write an entry beside and rename it; a cache that cannot be written only costs time."""
    try:
        entry = _entry_path(path)
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=entry.parent, suffix=".tmp")
    except (OSError, InputError):
        return
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({**status, "sha256": digest}, file)
        Path(temporary).replace(entry)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
