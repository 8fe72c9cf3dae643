"""The plug-in's own arrangement of a decoder's weights, which it makes in the background."""

from __future__ import annotations

import threading
from contextlib import suppress
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
        with suppress(RuntimeError):  # of the run: `wait` raises it
            wait_dropping_pages(self._request, self._weights)


def wait_dropping_pages(request: Any, weights: StoredGraph) -> None:
    """Wait for a run in which the plug-in may arrange weights, and keep their pages out of this process's memory.

    Parameters
    ----------
    request : openvino.InferRequest
        Started.
    weights : StoredGraph

    Raises
    ------
    RuntimeError
        If the run fails or is cancelled.
    """
    try:
        while not request.wait_for(_DROP_EVERY_MS):
            weights.drop_pages()
    finally:
        weights.drop_pages()
