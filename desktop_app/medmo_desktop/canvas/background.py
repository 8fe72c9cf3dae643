"""Work beside the GUI thread, whose results come back to it as signals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, Signal
from shiboken6 import isValid

from medmo_models.errors import MedMOError

_LOG = logging.getLogger(__name__)


class _Reports(QObject):
    done = Signal(object, object)
    failed = Signal(object, str)


class BackgroundWork(QObject):
    """Runs functions on threads of its own.

    Parameters
    ----------
    threads : int
    parent : QObject
        When it is destroyed, what is waiting is dropped and what is running is waited for.
    """

    #: Key and result, on the thread that this object lives in.
    done = Signal(object, object)
    #: Key and the error as a sentence; empty if it is not one for the user.
    failed = Signal(object, str)

    def __init__(self, parent: QObject, threads: int = 1) -> None:
        super().__init__(parent)
        self._pool = pool = QThreadPool()
        pool.setMaxThreadCount(threads)
        self._accepted: set[Hashable] = set()
        self._begun: set[Hashable] = set()
        self._reports = _Reports()
        self._reports.done.connect(self._report_done)
        self._reports.failed.connect(self._report_failed)
        parent.destroyed.connect(lambda: _drain(pool))

    def start(self, key: Hashable, function: Callable[[], Any], *, priority: int = 0) -> None:
        """Run a function unless one with the same key is waiting or running; higher priorities run first."""
        if key in self._accepted:
            return
        self._accepted.add(key)
        reports, begun = self._reports, self._begun

        def run() -> None:
            begun.add(key)
            try:
                result = function()
            except MedMOError as error:
                _emit(reports.failed, key, str(error))
            except Exception as error:  # the person must hear of it, and the next image must still open
                # Not the text, which may hold a path or a name.
                _LOG.error("work in the background failed: %s", type(error).__name__)
                _emit(reports.failed, key, "")
            else:
                _emit(reports.done, key, result)

        self._pool.start(run, priority)

    def drop_waiting(self) -> None:
        """Forget what has not begun; what is running reports when it is done."""
        self._pool.clear()
        self._accepted &= self._begun

    def _report_done(self, key: Hashable, result: object) -> None:
        self._forget(key)
        if isValid(self):  # a result may arrive while the window is being destroyed
            self.done.emit(key, result)

    def _report_failed(self, key: Hashable, sentence: str) -> None:
        self._forget(key)
        if isValid(self):
            self.failed.emit(key, sentence)

    def _forget(self, key: Hashable) -> None:
        self._accepted.discard(key)
        self._begun.discard(key)


def _drain(pool: QThreadPool) -> None:
    """Drop what waits and let what runs finish; waiting lets go of the interpreter's lock, a destructor might not."""
    if isValid(pool):
        pool.clear()
        pool.waitForDone()


def _emit(signal: Any, *arguments: object) -> None:
    try:
        signal.emit(*arguments)
    except RuntimeError:
        _LOG.debug("the window closed before the work was done")
