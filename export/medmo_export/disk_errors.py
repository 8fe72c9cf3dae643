"""A disk that is full or cannot be written, in one sentence: every library reports it in a way of its own."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medmo_models.errors import InputError, MedMOError

#: safetensors, numpy's ``tofile`` and torch's file writer raise these in errors without a number.
_FULL = ("No space left on device", "requested and", "failed writing file", "enforce fail at inline_container")


@contextmanager
def disk_errors_explained(destination: Path) -> Iterator[None]:
    """Turn a failed write below ``destination``'s folder into one sentence.

    Raises
    ------
    InputError
        If the disk is full or may not be written.
    """
    try:
        yield
    except MedMOError:
        raise
    except Exception as error:
        chain = list(_causes(error))
        if any(_is_full(one) for one in chain):
            raise InputError(
                f"The disk of {destination.parent} is full; free some space or choose another --out. "
                "Nothing was installed."
            ) from error
        denied = next((one for one in chain if isinstance(one, PermissionError)), None)
        if denied is not None:
            raise InputError(
                f"{denied.filename or destination.parent} cannot be written: {denied.strerror}."
            ) from error
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_full(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in (errno.ENOSPC, errno.EDQUOT) or any(text in str(error) for text in _FULL)
