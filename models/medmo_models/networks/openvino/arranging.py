"""The plug-in's own arrangement of a decoder's weights, which it makes in the background."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from medmo_models.networks.onnx.host import RunInterruptedError
from medmo_models.networks.openvino.stored_graph import StoredGraph

#: Milliseconds between two times at which pages of the mapped weights are dropped while they are rearranged.
_DROP_EVERY_MS = 50


class Arranging:
    """A first run, in which the plug-in arranges the weights; it goes on while other things are done.

    The plug-in keeps its arrangement and needs the mapped files no more, so their pages leave this process's memory as
    it goes on.

    Parameters
    ----------
    request : openvino.InferRequest
        With its inputs.
    held : object
        Whatever must live until the run has ended.
    weights : StoredGraph
    """

    def __init__(self, request: Any, held: object, weights: StoredGraph) -> None:
        self._request, self._held, self._weights = request, held, weights
        self._abandoned = threading.Event()
        request.start_async()
        self._dropping = threading.Thread(target=self._drop_pages)
        self._dropping.start()

    def wait(self) -> None:
        """Return when the weights are arranged.

        Raises
        ------
        RunInterruptedError
            If `cancel` is called meanwhile; arranging goes on.
        """
        try:
            while self._dropping.is_alive():
                if self._abandoned.wait(_DROP_EVERY_MS / 1000):
                    raise RunInterruptedError
        finally:
            self._abandoned.clear()
        self._request.wait()  # raises what went wrong

    def cancel(self) -> None:
        """Make `wait`, in which another thread is, end."""
        self._abandoned.set()

    def stop(self) -> None:
        """Arrange no more; the weights may be freed afterwards."""
        self._request.cancel()
        self._dropping.join()

    def _drop_pages(self) -> None:
        try:
            while not self._request.wait_for(_DROP_EVERY_MS):
                self._weights.drop_pages()
        except RuntimeError:  # of the run: `wait` raises it
            pass
        self._weights.drop_pages()


@contextmanager
def dropping_pages(weights: StoredGraph) -> Iterator[None]:
    """Keep pages of mapped weights out of this process's memory while a run arranges them."""
    done = threading.Event()

    def drop() -> None:
        while not done.wait(_DROP_EVERY_MS / 1000):
            weights.drop_pages()

    dropping = threading.Thread(target=drop)
    dropping.start()
    try:
        yield
    finally:
        done.set()
        dropping.join()
        weights.drop_pages()
