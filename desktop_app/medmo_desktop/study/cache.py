"""Frames kept in memory, up to a number of bytes, and the order in which to read those around the one on screen."""

from __future__ import annotations

import threading
from collections import OrderedDict

from medmo_desktop.study.model import Frame, FrameReference


class FrameCache:
    """The frames used last, within a limit of bytes. Safe to use from several threads.

    Parameters
    ----------
    limit_bytes : int
        The frame put last stays even if it alone is larger.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._frames: OrderedDict[FrameReference, Frame] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, reference: FrameReference) -> Frame | None:
        """Return a frame and mark it as used, None if it is not kept."""
        with self._lock:
            frame = self._frames.get(reference)
            if frame is not None:
                self._frames.move_to_end(reference)
            return frame

    def put(self, frame: Frame) -> None:
        """Keep a frame; those not used for longest make room."""
        with self._lock:
            self._remove(frame.reference)
            self._frames[frame.reference] = frame
            self._bytes += frame_bytes(frame)
            while self._bytes > self._limit and len(self._frames) > 1:
                self._remove(next(iter(self._frames)))

    def clear(self) -> None:
        """Forget every frame."""
        with self._lock:
            self._frames.clear()
            self._bytes = 0

    def __contains__(self, reference: FrameReference) -> bool:
        with self._lock:
            return reference in self._frames

    @property
    def bytes_held(self) -> int:
        """Bytes of the arrays that are kept."""
        return self._bytes

    def _remove(self, reference: FrameReference) -> None:
        removed = self._frames.pop(reference, None)
        if removed is not None:
            self._bytes -= frame_bytes(removed)


def frame_bytes(frame: Frame) -> int:
    """Return the bytes of a frame's arrays."""
    shared = frame.values is frame.shown_by_default
    return frame.shown_by_default.nbytes + (0 if shared else frame.values.nbytes)


def prefetch_order(index: int, count: int, reach: int, direction: int = 1) -> tuple[int, ...]:
    """Return the indices around ``index`` in the order in which to read them ahead.

    Parameters
    ----------
    index, count : int
        The frame on screen, and how many there are.
    reach : int
        How far to read ahead; half as far backwards.
    direction : {1, -1}
        Which way the user scrolls.

    Returns
    -------
    tuple of int
        Nearest first, those ahead before those behind; inside of the stack and without ``index``.
    """
    steps = []
    for distance in range(1, reach + 1):
        steps.append(direction * distance)
        if distance <= reach // 2:
            steps.append(-direction * distance)
    return tuple(index + step for step in steps if 0 <= index + step < count)
