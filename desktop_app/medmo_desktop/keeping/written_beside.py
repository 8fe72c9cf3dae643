"""Files written whole or not at all: beside their place, checked, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from medmo_models.errors import InputError


def write_beside(path: Path, content: bytes, what: str, check: Callable[[Path], object]) -> None:
    """Write a file so that a failure leaves an older one as it was.

    Parameters
    ----------
    path : Path
    content : bytes
    what : str
        Names the file in an error: ``the case file``.
    check : callable
        Reads the file that was written, before it takes its place; raises if it is not right.

    Raises
    ------
    InputError
        If the file cannot be written, or does not read back as it should.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        check(partial)
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise InputError(f"Cannot write {what} {path}: {reason}; choose a folder that can be written to.") from error
    finally:
        partial.unlink(missing_ok=True)


def check_same(content: bytes, what: str) -> Callable[[Path], object]:
    """Return a check for `write_beside` that the disk holds the bytes that were written."""

    def check(path: Path) -> None:
        if path.read_bytes() != content:
            raise InputError(f"{what} did not read back from the disk as it was written; try again.")

    return check
