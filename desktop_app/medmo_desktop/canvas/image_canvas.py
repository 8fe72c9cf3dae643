"""The widget that shows one frame with its boxes, and lets the user look, measure and mark."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from medmo_desktop.canvas.drawn_canvas import DrawnCanvas
from medmo_desktop.canvas.key_control import KeyControl
from medmo_desktop.canvas.pointer_control import PointerControl
from medmo_desktop.canvas.tools import MouseBindings, Tool
from medmo_desktop.canvas.view_state import Point
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.measuring import probe_pixel
from medmo_desktop.study.model import Frame

_CURSORS = {
    Tool.POINTER: Qt.CursorShape.ArrowCursor,
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.ZOOM: Qt.CursorShape.SizeVerCursor,
    Tool.MEASURE: Qt.CursorShape.CrossCursor,
    Tool.DRAW_BOX: Qt.CursorShape.CrossCursor,
}


class ImageCanvas(DrawnCanvas):
    """Shows one frame, and takes mouse and keys.

    Parameters
    ----------
    board : FindingBoard
        The boxes that are drawn and changed.
    """

    #: `medmo_desktop.study.measuring.PixelProbe` under the pointer, None outside of the image.
    probe_changed = Signal(object)
    #: Frames to scroll by, forwards or backwards.
    scroll_requested = Signal(int)
    #: `Tool`
    tool_changed = Signal(object)
    #: What keys did, in a sentence for the status bar; screen readers are told as well.
    announced = Signal(str)

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(board, parent)
        self._pointer = PointerControl(self.apply_view, self._boxes, self._measured)
        self._keys = KeyControl(self._boxes, self._measured, self)
        for announcing in (self._boxes, self._keys.drawing):
            announcing.announced.connect(self._announce)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def tool(self) -> Tool:
        """What a drag with the tool's button does."""
        return self._pointer.tool

    def show_frame(self, frame: Frame | None, keep_view: bool = False) -> None:
        """Show a frame, or nothing; ``keep_view`` looks at it as at the one before."""
        self._give_up()
        super().show_frame(frame, keep_view)

    def set_tool(self, tool: Tool) -> None:
        """Choose what a drag with the tool's button does."""
        if tool is not self._pointer.tool:
            self._give_up()
            self._pointer.tool = tool
            self.setCursor(_CURSORS[tool])
            self.tool_changed.emit(tool)

    def set_bindings(self, bindings: MouseBindings) -> None:
        """Choose what the mouse's buttons and wheel do."""
        self._pointer.bindings = bindings

    def _give_up(self) -> None:
        """Leave everything as before what mouse or keys have begun."""
        self._pointer.cancel()
        self._keys.drawing.cancel()

    def _announce(self, text: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))
        self.announced.emit(text)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin what the button is bound to."""
        geometry = self.geometry_now()
        if geometry is not None and self._frame is not None:
            self._keys.drawing.cancel()
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
        """Tab goes through the boxes, then on to the next widget; while a box is drawn, on at once."""
        cycles = not self._keys.drawing.is_active and self._boxes.cycle(1 if next else -1)
        return cycles or super().focusNextPrevChild(next)

    def begin_drawing(self, tool: Tool) -> None:
        """Take a tool and begin to draw with keys, in the middle of what is seen."""
        self.set_tool(tool)
        geometry = self.geometry_now()
        if geometry is not None and self._frame is not None:
            self._keys.begin_drawing(tool, self._frame, geometry)

    def event(self, event: QEvent) -> bool:
        """Keep keys of a drawing in progress from commands that have the same shortcut."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and self._keys.needs(event.key()):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw, or move, resize or delete the selected box; without one, arrows scroll the stack."""
        geometry, frame, key = self.geometry_now(), self._frame, event.key()
        modifiers, tool = event.modifiers(), self.tool
        if geometry and frame and self._keys.press(key, modifiers, tool, frame, geometry):
            return
        if key == Qt.Key.Key_Escape and self._pointer.cancel():
            return
        if key == Qt.Key.Key_Escape and self.board.selected is not None:
            self.board.select(None)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.scroll_requested.emit(1 if key == Qt.Key.Key_Down else -1)
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


def _point(position: QPointF) -> Point:
    return position.x(), position.y()
