"""Reads a stack's frames beside the GUI thread: the one asked for first, then its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from medmo_desktop.canvas.background import BackgroundWork
from medmo_desktop.study.cache import FrameCache, prefetch_order
from medmo_desktop.study.model import Frame, FrameReference
from medmo_desktop.study.reading import read_frame

ReadFrame = Callable[[FrameReference], Frame]

_CACHE_BYTES = 512 * 2**20
#: Frames read ahead; half as many behind.
_REACH = 4


class FrameReader(QObject):
    """Reads frames in the background and keeps those used last.

    Parameters
    ----------
    read : callable, optional
        What reads a frame, on another thread.
    """

    #: `Frame` that was asked for last.
    ready = Signal(object)
    #: `FrameReference` asked for last, and why it cannot be read; empty if the reason is not one for the user.
    failed = Signal(object, str)

    def __init__(self, parent: QObject, read: ReadFrame = read_frame) -> None:
        super().__init__(parent)
        self._read = read
        self._cache = FrameCache(_CACHE_BYTES)
        self._wanted: FrameReference | None = None
        self._work = BackgroundWork(self, threads=2)
        self._work.done.connect(self._take)
        self._work.failed.connect(self._report)

    def request(self, frames: tuple[FrameReference, ...], index: int, direction: int = 1) -> Frame | None:
        """Ask for one frame of a stack; what was asked for before and has not begun is dropped.

        Returns
        -------
        Frame or None
            The frame if it is kept; else None, and `ready` or `failed` follows.
        """
        self._work.drop_waiting()
        self._wanted = frames[index]
        kept = self._cache.get(frames[index])
        if kept is None:
            self._start(frames[index], priority=1)
        for neighbour in prefetch_order(index, len(frames), _REACH, direction):
            if frames[neighbour] not in self._cache:
                self._start(frames[neighbour], priority=0)
        return kept

    def cancel(self) -> None:
        """Drop what was asked for and has not begun; its frame does not come any more."""
        self._wanted = None
        self._work.drop_waiting()

    def _start(self, reference: FrameReference, *, priority: int) -> None:
        self._work.start(reference, partial(self._read, reference), priority=priority)

    def _take(self, reference: object, frame: Frame) -> None:
        self._cache.put(frame)
        if reference == self._wanted:
            self._wanted = None
            self.ready.emit(frame)

    def _report(self, reference: object, sentence: str) -> None:
        # A neighbour's failure is said when the user comes to it.
        if reference == self._wanted:
            self._wanted = None
            self.failed.emit(reference, sentence)
