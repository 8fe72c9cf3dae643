"""A stack of frames: canvas, scroll bar, cine, and reading in the background."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QScrollBar, QWidget

from medmo_desktop.canvas.cine_bar import CineBar
from medmo_desktop.canvas.frame_reader import FrameReader, ReadFrame
from medmo_desktop.canvas.image_canvas import ImageCanvas
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.model import Frame, FrameReference, Series
from medmo_desktop.study.reading import read_frame

#: Reads that take less are over before a message could be read.
_MESSAGE_AFTER_MS = 200


class SeriesView(QWidget):
    """Shows a series and scrolls through it.

    Parameters
    ----------
    board : FindingBoard
    read : callable, optional
        What reads a frame; it is called on another thread.
    """

    #: `Frame` that came on screen.
    frame_changed = Signal(object)
    #: Why the frame that was gone to cannot be read; no frame is on screen then.
    frame_failed = Signal(str)
    #: `ViewState`
    view_changed = Signal(object)
    #: Place in the stack, from 0, as soon as the user goes there.
    index_changed = Signal(int)

    def __init__(self, board: FindingBoard, parent: QWidget | None = None, *, read: ReadFrame = read_frame) -> None:
        super().__init__(parent)
        self.canvas = ImageCanvas(board)
        self._series: Series | None = None
        self._index = 0
        self._is_waiting = False
        self._reader = FrameReader(self, read)
        self._reader.ready.connect(self._show)
        self._reader.failed.connect(self._say_failure)
        self._spinner = QTimer(self, singleShot=True, interval=_MESSAGE_AFTER_MS)
        self._spinner.timeout.connect(lambda: self.canvas.set_message(self.tr("Reading the image…")))
        self.scroll_bar = QScrollBar(Qt.Orientation.Vertical)
        self.scroll_bar.setAccessibleName(self.tr("Place in the series"))
        self.scroll_bar.setToolTip(self.tr("Scroll through the series"))
        self.scroll_bar.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.scroll_bar.valueChanged.connect(self.set_index)
        self.cine = CineBar()
        self.cine.step.connect(self._play_on)
        self.canvas.view_changed.connect(self.view_changed)
        self.canvas.scroll_requested.connect(self.scroll_by)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.canvas, 0, 0)
        layout.addWidget(self.scroll_bar, 0, 1)
        layout.addWidget(self.cine, 1, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        layout.setRowStretch(0, 1)
        self.setFocusProxy(self.canvas)
        self._adapt_to_stack()

    @property
    def series(self) -> Series | None:
        """The series on screen."""
        return self._series

    @property
    def index(self) -> int:
        """Place in the stack, from 0."""
        return self._index

    @property
    def frame(self) -> Frame | None:
        """The frame on screen; None before the first one was read."""
        return self.canvas.frame

    def show_series(self, series: Series | None, index: int = 0) -> None:
        """Show a series from one of its frames on, or nothing."""
        self.cine.stop()
        self._spinner.stop()
        self._reader.cancel()
        self._series, self._is_waiting = series, False
        self._index = 0 if series is None else min(max(index, 0), len(series.frames) - 1)
        self.canvas.show_frame(None)
        self._adapt_to_stack()
        self.index_changed.emit(self._index)
        self._request(1)

    def set_index(self, index: int) -> None:
        """Go to a frame, from 0; beyond an end to the last one there."""
        if self._series is None:
            return
        index = min(max(index, 0), len(self._series.frames) - 1)
        if index == self._index:
            return
        direction = 1 if index > self._index else -1
        self._index = index
        self.scroll_bar.setValue(index)
        self.index_changed.emit(index)
        self._request(direction)

    def scroll_by(self, frames: int) -> None:
        """Go some frames on, or back."""
        self.set_index(self._index + frames)

    def _request(self, direction: int) -> None:
        if self._series is None:
            return
        frame = self._reader.request(self._series.frames, self._index, direction)
        if frame is not None:
            self._show(frame)
        else:
            self._is_waiting = True
            self._spinner.start()

    def _show(self, frame: Frame) -> None:
        self._is_waiting = False
        self._spinner.stop()
        # A frame after an error keeps the view too: it is the view of the series.
        self.canvas.show_frame(frame, keep_view=True)
        self._say_position()
        self.frame_changed.emit(frame)

    def _say_failure(self, reference: FrameReference, sentence: str) -> None:
        self._is_waiting = False
        self._spinner.stop()
        self.cine.stop()
        self.canvas.show_frame(None, keep_view=True)
        message = sentence or self.tr("This image cannot be read; try another one.")
        self.canvas.set_message(message)
        self._say_position()
        self.frame_failed.emit(message)

    def _play_on(self) -> None:
        # A frame that is still being read is waited for, not skipped.
        if self._series is not None and not self._is_waiting:
            self.set_index((self._index + 1) % len(self._series.frames))

    def _adapt_to_stack(self) -> None:
        count = 0 if self._series is None else len(self._series.frames)
        self.scroll_bar.blockSignals(True)
        self.scroll_bar.setRange(0, max(count - 1, 0))
        self.scroll_bar.setPageStep(max(count // 10, 1))
        self.scroll_bar.setValue(self._index)
        self.scroll_bar.blockSignals(False)
        self.scroll_bar.setVisible(count > 1)
        self.cine.setVisible(count > 1)
        self._say_position()

    def _say_position(self) -> None:
        count = 0 if self._series is None else len(self._series.frames)
        text = self.tr("{0} of {1}").format(self._index + 1, count) if count > 1 else ""
        self.canvas.set_position_text(text)
