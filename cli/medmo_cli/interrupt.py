"""Ctrl-C that no library can swallow.

Python raises `KeyboardInterrupt` wherever it is, also inside an import or a finalizer whose author catches or
drops every exception; the command would then go on as if nothing had been pressed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_pressed = threading.Event()


@contextmanager
def interrupts_remembered() -> Iterator[None]:
    """Remember an interrupt inside the ``with`` block, beside raising it as ever."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return

    def remember(_number: int, _frame: FrameType | None) -> None:
        _pressed.set()
        raise KeyboardInterrupt

    _pressed.clear()
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _pressed.clear()


def check_interrupt() -> None:
    """Raise the interrupt again if one was pressed.

    Raises
    ------
    KeyboardInterrupt
    """
    if _pressed.is_set():
        raise KeyboardInterrupt
