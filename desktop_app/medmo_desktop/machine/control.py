"""What work in the background is given, free of Qt: it reports progress and learns that it was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable

from medmo_models.errors import CancelledError


class JobControl:
    """What a job's function is given: it reports progress and asks whether it was cancelled. For any thread."""

    def __init__(self, report: Callable[[str, int, int], None]) -> None:
        self._report = report
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._on_cancel: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the user cancelled."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise `CancelledError` if the user cancelled."""
        if self.cancelled:
            raise CancelledError("Cancelled.")

    def report(self, phase: str, done: int, total: int) -> None:
        """Tell how far the job is; ``total`` 0 means unknown.

        Raises
        ------
        CancelledError
            If the user cancelled.
        """
        self.check()
        self._report(phase, done, total)

    def on_cancel(self, action: Callable[[], None] | None) -> None:
        """Have ``action`` called when the user cancels, for work that does not ask; at once if that has happened."""
        with self._lock:
            self._on_cancel = action
        if action is not None and self.cancelled:
            action()

    def cancel(self) -> None:
        """Cancel; the second time has no effect."""
        if self.cancelled:
            return
        self._cancelled.set()
        with self._lock:
            action = self._on_cancel
        if action is not None:
            action()
