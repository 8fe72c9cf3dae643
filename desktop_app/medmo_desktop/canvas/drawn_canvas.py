"""A widget that draws one frame with its boxes, lines and texts; it takes no input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from medmo_desktop.canvas.box_interaction import BoxInteraction
from medmo_desktop.canvas.captions import box_text
from medmo_desktop.canvas.composing import Additions, Screen, compose
from medmo_desktop.canvas.layer_renderer import LayerRenderer
from medmo_desktop.canvas.measured_lines import MeasuredLines
from medmo_desktop.canvas.scene import PaintContext, paint
from medmo_desktop.canvas.shapes import ExtraShape, MeasuredLine, TokenGrid
from medmo_desktop.canvas.view_state import ViewState
from medmo_desktop.canvas.viewed_widget import ViewedWidget
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.model import Frame


class DrawnCanvas(ViewedWidget):
    """Shows one frame.

    Parameters
    ----------
    board : FindingBoard
        The boxes that are drawn.
    """

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board = board
        self._additions = Additions()
        self._renderer = LayerRenderer(self)
        self._renderer.improved.connect(self.update)
        self._boxes = BoxInteraction(board, self)
        self._boxes.changed.connect(self.update)
        self._measured = MeasuredLines(self)
        self._measured.changed.connect(self.update)
        board.hover_changed.connect(self._repaint)
        for signal in (board.boxes_changed, board.shown_changed, board.selection_changed):
            signal.connect(self._describe)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Image"))
        self._describe()

    @property
    def measured(self) -> tuple[MeasuredLine, ...]:
        """The lines measured on this frame."""
        return self._measured.lines

    def show_frame(self, frame: Frame | None, keep_view: bool = False) -> None:
        """Show a frame, or nothing; ``keep_view`` looks at it as at the one before."""
        self._frame = frame
        self._add(message="")
        self._measured.clear()
        self._renderer.forget()
        if not keep_view:
            self.apply_view(ViewState())
        self._describe()

    def reset(self) -> None:
        """Look at the image as when it was opened, without measured lines."""
        self._measured.clear()
        self.apply_view(ViewState())

    def set_message(self, text: str) -> None:
        """Show a sentence in the middle, over the image; empty for none."""
        self._add(message=text)
        self._describe()

    def set_position_text(self, text: str) -> None:
        """Show the place in the stack in a corner; empty for none."""
        self._add(position=text)

    def set_text_shown(self, shown: bool) -> None:
        """Show or hide corner text, letters and ruler."""
        self._add(text_shown=shown)

    def set_ghosts_shown(self, shown: bool) -> None:
        """Show or hide where the model put boxes that the user moved."""
        self._add(ghosts=shown)

    def set_extra(self, shapes: tuple[ExtraShape, ...]) -> None:
        """Show further shapes, of a comparison; they take the place of those before."""
        self._add(extra=shapes)

    def set_grid(self, columns: int | None, rows: int | None = None) -> None:
        """Show lines between ``columns`` times ``rows`` image tokens; None for no grid."""
        self._add(grid=None if columns is None or rows is None else TokenGrid(columns, rows))

    def _add(self, **changes: Any) -> None:
        self._additions = replace(self._additions, **changes)
        self.update()

    # Pictures

    def picture(self, with_boxes: bool = True, with_text: bool = True) -> QImage:
        """Return what the canvas shows now, at the device's resolution; the research notice is always in it."""
        ratio = self.devicePixelRatioF()
        picture = QImage(self.size() * ratio, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(ratio)
        context = self._context(best=True, with_text=with_text)
        if not with_boxes:
            context = replace(context, boxes_shown=False, extra=())
        painter = QPainter(picture)
        paint(painter, context, (self.width(), self.height()))
        painter.end()
        return picture

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a size that is comfortable to read in."""
        return QSize(640, 640)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the context of now."""
        painter = QPainter(self)
        paint(painter, self._context(best=False, with_text=self._additions.text_shown), (self.width(), self.height()))
        painter.end()

    def _context(self, *, best: bool, with_text: bool) -> PaintContext:
        return compose(
            self._frame,
            Screen(self.geometry_now(), self.devicePixelRatioF(), self.font()),
            replace(self._additions, text_shown=with_text),
            board=self.board,
            boxes=self._boxes,
            measured=self._measured.drawn,
            renderer=self._renderer,
            best=best,
        )

    def _repaint(self) -> None:
        self.update()

    def _describe(self) -> None:
        box = self._boxes.selected
        if self._additions.message or self._frame is None:
            text = self._additions.message or self.tr("No image")
        elif box is None:
            text = self.tr("{0} by {1} pixels").format(self._frame.width, self._frame.height)
        else:
            corners = ", ".join(f"{edge:.0f}" for edge in box.pixels)
            text = self.tr("Selected box: {0} at {1}").format(box_text(box), corners)
        self.setAccessibleDescription(text)
        self.update()
