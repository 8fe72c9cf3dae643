"""Interrupts a network from another thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupted_from_another_thread(network: Any) -> Iterator[None]:
    """Call ``network.interrupt`` again and again while the ``with`` block runs."""
    done = threading.Event()

    def interrupt() -> None:
        while not done.wait(0.01):
            network.interrupt()

    other = threading.Thread(target=interrupt)
    other.start()
    try:
        yield
    finally:
        done.set()
        other.join()
