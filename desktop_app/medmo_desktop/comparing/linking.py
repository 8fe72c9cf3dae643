"""Keeps two canvases looking at the same place in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from medmo_desktop.canvas.image_canvas import ImageCanvas
from medmo_desktop.canvas.view_state import ViewState


class ViewLink(QObject):
    """Gives pan, zoom, window, flips and rotation of each canvas to the others.

    Parameters
    ----------
    canvases : sequence of ImageCanvas
    parent : QObject, optional
    """

    def __init__(self, canvases: Sequence[ImageCanvas], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvases = tuple(canvases)
        self._busy = False
        self.enabled = True
        for canvas in self._canvases:
            canvas.view_changed.connect(self._follow)

    def _follow(self, state: ViewState) -> None:
        # The others answer with a change of their own, which must not come back.
        if self._busy or not self.enabled:
            return
        self._busy = True
        try:
            for canvas in self._canvases:
                if canvas is not self.sender():
                    canvas.apply_view(state)
        finally:
            self._busy = False
