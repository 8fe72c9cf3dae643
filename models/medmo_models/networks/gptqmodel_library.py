"""Keeps GPTQModel's side effects in.

Measured with GPTQModel 7.7.0: importing it prints a banner on stdout, installs a root log handler, sets
``HF_HOME`` and other variables for the whole process and creates directories in ``/tmp``; working with
it prints progress bars, whole configurations and log lines on stdout.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import TextIOBase

from medmo_models.networks.quiet import quiet_transformers
from medmo_models.process import hide_openvino_telemetry

#: What tokenicer, which GPTQModel imports, would otherwise point to a fixed directory in /tmp.
_CACHES = ("HF_HOME", "HF_HUB_CACHE", "TRANSFORMERS_CACHE", "HF_MODULES_CACHE")
_WORKERS = "GPTQMODEL_CPU_WORKERS"


class _Discard(TextIOBase):
    """A text stream that keeps nothing."""

    def write(self, text: str, /) -> int:
        return len(text)


@contextmanager
def quiet_gptqmodel() -> Iterator[None]:
    """Import GPTQModel without traces, and keep stdout clean while it works inside the ``with`` block.

    Errors are not hidden: GPTQModel raises them.
    """
    with quiet_transformers(), redirect_stdout(_Discard()), _environment_kept():
        # It takes half the cores and then asks for two threads: on two cores it refuses to start.
        os.environ.setdefault(_WORKERS, str(max(2, ((os.cpu_count() or 1) + 1) // 2)))
        if "gptqmodel" not in sys.modules:
            _import_without_traces()
        yield


def _import_without_traces() -> None:
    import transformers  # noqa: F401 - reads the cache variables, so it must come first

    with tempfile.TemporaryDirectory() as scratch, _root_logger_kept():
        for name in _CACHES:
            os.environ.setdefault(name, scratch)
        hide_openvino_telemetry()
        import gptqmodel  # noqa: F401


@contextmanager
def _environment_kept() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
