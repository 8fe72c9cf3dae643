"""Calls into decoding libraries: their warnings and log lines kept off the terminal, their errors made one sentence."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from medmo_models.errors import InputError

# Python keeps warning filters and log levels per process: two images loading at once must not restore each other's.
_PROCESS_STATE = threading.RLock()


@contextmanager
def quiet_library(logger_name: str) -> Iterator[list[warnings.WarningMessage]]:
    """Hold back a library's warnings and log lines; both may quote the file's contents.

    Yields
    ------
    list of warnings.WarningMessage
        Fills with the warnings that were held back.
    """
    logger = logging.getLogger(logger_name)
    with _PROCESS_STATE, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)
        try:
            yield caught
        finally:
            logger.setLevel(level)


@contextmanager
def failure_means(sentence: str) -> Iterator[None]:
    """Turn whatever a decoder raises into an `InputError` with ``sentence``.

    Decoders of damaged bytes raise anything from ``struct.error`` to ``KeyError``, and the texts may quote the file, so
    neither the type nor the text is passed on.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception:
        raise InputError(sentence) from None
