"""The network guard as the window sees it: blocked or not, and how often something tried."""

from __future__ import annotations

import os

from PySide6.QtCore import QObject, Signal, Slot

from medmo_models.network_guard import ALLOW_VARIABLE, AttemptKind, guard


class NetworkWatch(QObject):
    """Counts attempts of this process and of its children. Call `close` before it goes away."""

    #: Blocked, attempts
    changed = Signal(bool, int)
    _attempted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._of_children = 0
        self._attempted.connect(self._tell)
        guard.listen(self._hear)

    @property
    def attempts(self) -> int:
        """How many attempts were refused, here and in the children."""
        return guard.attempts + self._of_children

    def set_allowed(self, allowed: bool) -> None:
        """Let this process use the network, or not; children follow when they are started the next time."""
        if allowed:
            guard.allow()
            os.environ[ALLOW_VARIABLE] = "1"
        else:
            guard.block()
            os.environ.pop(ALLOW_VARIABLE, None)
        self._tell()

    @Slot(str)
    def note_child_attempt(self, _kind: str) -> None:
        """Count an attempt of a child process."""
        self._of_children += 1
        self._tell()

    def close(self) -> None:
        """Listen no longer."""
        guard.forget(self._hear)

    def _hear(self, kind: AttemptKind) -> None:
        self._attempted.emit(kind)  # from any thread to the window's

    def _tell(self) -> None:
        self.changed.emit(guard.blocking, self.attempts)
