"""A widget that looks at one frame: zoom, place, flips, turns and window; it neither draws nor takes input."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from medmo_desktop.canvas.view_state import ViewGeometry, ViewState
from medmo_desktop.study.model import Frame, GreyWindow


class ViewedWidget(QWidget):
    """Holds the frame and how it is looked at."""

    #: `ViewState`, whoever changed it.
    view_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._view = ViewState()

    @property
    def frame(self) -> Frame | None:
        """The frame on the canvas."""
        return self._frame

    @property
    def view(self) -> ViewState:
        """How it is looked at."""
        return self._view

    @property
    def zoom(self) -> float:
        """Logical screen pixels per image pixel, also while the image is fitted; 1 without an image."""
        geometry = self.geometry_now()
        return 1.0 if geometry is None else geometry.zoom

    def geometry_now(self) -> ViewGeometry | None:
        """Return where the frame's pixels lie in the widget, None without a frame."""
        if self._frame is None:
            return None
        return ViewGeometry(self._view, (self._frame.width, self._frame.height), (self.width(), self.height()))

    def apply_view(self, state: ViewState) -> None:
        """Look at the frame like this."""
        if state != self._view:
            self._view = state
            self.view_changed.emit(state)
            self.update()

    def fit(self) -> None:
        """Show the whole image as large as the widget allows, also when the widget is resized."""
        self.apply_view(replace(self._view, zoom=None, centre=None))

    def actual_size(self) -> None:
        """Show one image pixel as one pixel of the screen's device."""
        self.apply_view(replace(self._view, zoom=1.0 / self.devicePixelRatioF()))

    def zoom_by(self, factor: float) -> None:
        """Zoom at the middle of the view."""
        geometry = self.geometry_now()
        if geometry is not None:
            self.apply_view(geometry.zoomed(factor, (self.width() / 2, self.height() / 2)))

    def invert(self) -> None:
        """Exchange black and white."""
        self.apply_view(replace(self._view, inverted=not self._view.inverted))

    def flip_horizontal(self) -> None:
        """Mirror what is seen left to right."""
        self.apply_view(replace(self._view, flip_horizontal=not self._view.flip_horizontal))

    def flip_vertical(self) -> None:
        """Mirror what is seen top to bottom."""
        self.apply_view(replace(self._view, flip_vertical=not self._view.flip_vertical))

    def rotate_left(self) -> None:
        """Turn what is seen by a quarter, counter-clockwise."""
        self.apply_view(self._view.rotated(-1))

    def rotate_right(self) -> None:
        """Turn what is seen by a quarter, clockwise."""
        self.apply_view(self._view.rotated(1))

    def set_window(self, window: GreyWindow | None) -> None:
        """Show grey values through a window; None as the file itself asks for."""
        self.apply_view(replace(self._view, window=window))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep the view; a fitted image fits again."""
        self.update()
