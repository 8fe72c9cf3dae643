"""Copying a file so that a copy that was cut short goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

from medmo_models.artifact.hashing import CHUNK_BYTES, Meter, sha256_file
from medmo_models.artifact.manifest import FileEntry
from medmo_models.errors import InputError


def copy_resumably(source: Path, target: Path, expected: FileEntry, meter: Meter) -> None:
    """Copy a file, or the rest of it, and check the SHA-256 of the copy.

    Parameters
    ----------
    source, target : Path
        Files; folders above ``target`` are made. What ``target`` holds is kept if it proves to be the beginning.
    expected : FileEntry
        What the copy must be.
    meter : Meter
        Told of the file's bytes twice: written, then read back.

    Raises
    ------
    InputError
        If the source is not what is expected, or a file cannot be read or written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = target.exists()
        _copy_rest(source, target, meter)
    except OSError as error:
        raise InputError(f"{source} cannot be copied: {error.strerror}.") from error
    if sha256_file(target, meter) == expected.sha256:
        return
    target.unlink()
    if not resumed:
        raise InputError(f"{source} is damaged: its SHA-256 is not the expected one; get the file again.")
    # What was there was not the beginning of this source: once more, from the start.
    copy_resumably(source, target, expected, meter)


def _copy_rest(source: Path, target: Path, meter: Meter) -> None:
    with source.open("rb") as reader, target.open("ab") as writer:
        done = writer.tell()
        reader.seek(done)
        meter.advance(done)
        while chunk := reader.read(CHUNK_BYTES):
            writer.write(chunk)
            meter.advance(len(chunk))
