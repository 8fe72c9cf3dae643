"""The widget that shows one frame with its boxes, and lets the user look, measure and mark."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from medmo_desktop.canvas.box_interaction import BoxInteraction
from medmo_desktop.canvas.captions import box_text, view_lines
from medmo_desktop.canvas.image_layer import request_layer
from medmo_desktop.canvas.layer_renderer import LayerRenderer
from medmo_desktop.canvas.measured_lines import MeasuredLines
from medmo_desktop.canvas.pointer_control import PointerControl
from medmo_desktop.canvas.ruler import ruler_for
from medmo_desktop.canvas.scene import PaintContext, paint
from medmo_desktop.canvas.shapes import ExtraShape, MeasuredLine, TokenGrid
from medmo_desktop.canvas.tools import MouseBindings, Tool
from medmo_desktop.canvas.view_state import Point, ViewGeometry, ViewState, orientation_on_screen
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.measuring import probe_pixel
from medmo_desktop.study.model import Frame, GreyWindow
from medmo_runtime.overlay import RESEARCH_NOTICE

_CURSORS = {
    Tool.POINTER: Qt.CursorShape.ArrowCursor,
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.ZOOM: Qt.CursorShape.SizeVerCursor,
    Tool.MEASURE: Qt.CursorShape.CrossCursor,
    Tool.DRAW_BOX: Qt.CursorShape.CrossCursor,
}


class ImageCanvas(QWidget):
    """Shows one frame.

    Parameters
    ----------
    board : FindingBoard
        The boxes that are drawn and changed.
    """

    #: `ViewState`, whoever changed it.
    view_changed = Signal(object)
    #: `medmo_desktop.study.measuring.PixelProbe` under the pointer, None outside of the image.
    probe_changed = Signal(object)
    #: Frames to scroll by, forwards or backwards.
    scroll_requested = Signal(int)
    #: `Tool`
    tool_changed = Signal(object)

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board = board
        self._frame: Frame | None = None
        self._view = ViewState()
        self._message = ""
        self._position = ""
        self._text_shown = True
        self._ghosts = False
        self._extra: tuple[ExtraShape, ...] = ()
        self._grid: TokenGrid | None = None
        self._renderer = LayerRenderer(self)
        self._renderer.improved.connect(self.update)
        self._boxes = BoxInteraction(board, self)
        self._boxes.changed.connect(self.update)
        self._measured = MeasuredLines(self)
        self._measured.changed.connect(self.update)
        self._pointer = PointerControl(self.apply_view, self._boxes, self._measured)
        board.hover_changed.connect(self._repaint)
        for signal in (board.boxes_changed, board.shown_changed, board.selection_changed):
            signal.connect(self._describe)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Image"))
        self._describe()

    # What is shown

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

    @property
    def tool(self) -> Tool:
        """What a drag with the tool's button does."""
        return self._pointer.tool

    @property
    def measured(self) -> tuple[MeasuredLine, ...]:
        """The lines measured on this frame."""
        return self._measured.lines

    def geometry_now(self) -> ViewGeometry | None:
        """Return where the frame's pixels lie in the widget, None without a frame."""
        if self._frame is None:
            return None
        return ViewGeometry(self._view, (self._frame.width, self._frame.height), (self.width(), self.height()))

    def show_frame(self, frame: Frame | None, keep_view: bool = False) -> None:
        """Show a frame, or nothing; ``keep_view`` looks at it as at the one before."""
        self._pointer.cancel()
        self._frame = frame
        self._message = ""
        self._measured.clear()
        self._renderer.forget()
        if not keep_view:
            self.apply_view(ViewState())
        self._describe()
        self.update()

    def set_message(self, text: str) -> None:
        """Show a sentence in the middle, over the image; empty for none."""
        self._message = text
        self._describe()
        self.update()

    def set_position_text(self, text: str) -> None:
        """Show the place in the stack in a corner; empty for none."""
        self._position = text
        self.update()

    def set_text_shown(self, shown: bool) -> None:
        """Show or hide corner text, letters and ruler."""
        self._text_shown = shown
        self.update()

    def set_ghosts_shown(self, shown: bool) -> None:
        """Show or hide where the model put boxes that the user moved."""
        self._ghosts = shown
        self.update()

    def set_extra(self, shapes: tuple[ExtraShape, ...]) -> None:
        """Show further shapes, of a comparison; they take the place of those before."""
        self._extra = shapes
        self.update()

    def set_grid(self, columns: int | None, rows: int | None = None) -> None:
        """Show lines between ``columns`` times ``rows`` image tokens; None for no grid."""
        self._grid = None if columns is None or rows is None else TokenGrid(columns, rows)
        self.update()

    # How it is looked at

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

    def reset(self) -> None:
        """Look at the image as when it was opened, without measured lines."""
        self._measured.clear()
        self.apply_view(ViewState())

    def set_window(self, window: GreyWindow | None) -> None:
        """Show grey values through a window; None as the file itself asks for."""
        self.apply_view(replace(self._view, window=window))

    def set_tool(self, tool: Tool) -> None:
        """Choose what a drag with the tool's button does."""
        if tool is not self._pointer.tool:
            self._pointer.cancel()
            self._pointer.tool = tool
            self.setCursor(_CURSORS[tool])
            self.tool_changed.emit(tool)

    def set_bindings(self, bindings: MouseBindings) -> None:
        """Choose what the mouse's buttons and wheel do."""
        self._pointer.bindings = bindings

    def clear_measured(self) -> None:
        """Remove measured lines."""
        self._measured.clear()

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
        paint(painter, self._context(best=False, with_text=self._text_shown), (self.width(), self.height()))
        painter.end()

    def _context(self, *, best: bool, with_text: bool) -> PaintContext:
        geometry, frame, ratio = self.geometry_now(), self._frame, self.devicePixelRatioF()
        empty = PaintContext(geometry, ratio, self.font(), message=self._message, notice=RESEARCH_NOTICE)
        if geometry is None or frame is None:
            return empty
        request = request_layer(frame, geometry, ratio)
        render = self._renderer.best_layer if best else self._renderer.layer_for
        context = replace(
            empty,
            layer=None if request is None else render(request),
            boxes=self._boxes.boxes,
            boxes_shown=self.board.shown,
            selected=self.board.selected,
            hovered=self.board.hovered,
            box_texts={box.id: box_text(box) for box in self._boxes.boxes},
            ghosts=self._ghosts,
            rubber_band=self._boxes.rubber_band,
            extra=self._extra,
            grid=self._grid,
            measured=self._measured.drawn,
        )
        if not with_text:
            return context
        return replace(
            context,
            corner_text=view_lines(frame, geometry, ratio, self._position),
            edge_letters=None if frame.orientation is None else orientation_on_screen(frame.orientation, self._view),
            ruler=ruler_for(frame, geometry),
        )

    def _repaint(self) -> None:
        self.update()

    def _describe(self) -> None:
        box = self._boxes.selected
        if self._message or self._frame is None:
            text = self._message or self.tr("No image")
        elif box is None:
            text = self.tr("{0} by {1} pixels").format(self._frame.width, self._frame.height)
        else:
            corners = ", ".join(f"{edge:.0f}" for edge in box.pixels)
            text = self.tr("Selected box: {0} at {1}").format(box_text(box), corners)
        self.setAccessibleDescription(text)
        self.update()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin what the button is bound to."""
        geometry = self.geometry_now()
        if geometry is not None and self._frame is not None:
            self._pointer.press(event.button(), self._frame, geometry, _point(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Go on with a drag, or say what is under the pointer."""
        point, geometry = _point(event.position()), self.geometry_now()
        if geometry is not None and self._frame is not None:
            self.probe_changed.emit(probe_pixel(self._frame, *geometry.to_image(point)))
            self._pointer.move(geometry, point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Complete a drag once the last button is up."""
        if event.buttons() == Qt.MouseButton.NoButton:
            self._pointer.release(_point(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the image."""
        if event.button() == Qt.MouseButton.LeftButton and self.tool is not Tool.MEASURE:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Scroll the stack, or zoom at the pointer."""
        is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        # Alt turns some wheels sideways.
        turned = event.angleDelta().y() or event.angleDelta().x()
        frames = self._pointer.wheel(turned, is_control, self.geometry_now(), _point(event.position()))
        if frames:
            self.scroll_requested.emit(frames)
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Start counting the wheel anew."""
        self._pointer.enter()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing is under the pointer any more."""
        self.board.hover(None)
        self.probe_changed.emit(None)

    # Keys

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002, N802 (Qt's names)
        """Tab goes through the boxes, then on to the next widget."""
        return self._boxes.cycle(1 if next else -1) or super().focusNextPrevChild(next)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Move, resize or delete the selected box; without one, arrows scroll the stack."""
        geometry, key = self.geometry_now(), event.key()
        if geometry is not None and self._boxes.press_key(key, event.modifiers(), geometry):
            return
        if key == Qt.Key.Key_Escape and self._pointer.cancel():
            return
        if key == Qt.Key.Key_Escape and self.board.selected is not None:
            self.board.select(None)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.scroll_requested.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._measured.remove_last():
            return
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Make the change that a held arrow key has previewed."""
        if not event.isAutoRepeat():
            self._boxes.finish_keys()
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Make a previewed change: the key's release will not arrive here."""
        self._boxes.finish_keys()
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep the view; a fitted image fits again."""
        self.update()


def _point(position: QPointF) -> Point:
    return position.x(), position.y()
