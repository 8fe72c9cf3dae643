"""What mouse buttons and wheel do on a canvas, by tool and bindings."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from medmo_desktop.canvas.box_interaction import BoxInteraction
from medmo_desktop.canvas.drags import ClickOrDrag, Drag, pan_drag, window_drag, zoom_drag
from medmo_desktop.canvas.measured_lines import MeasuredLines
from medmo_desktop.canvas.tools import DragAction, MouseBindings, Tool, WheelAction
from medmo_desktop.canvas.view_state import Point, ViewGeometry, ViewState
from medmo_desktop.study.model import Frame
from medmo_desktop.study.presets import starting_window

_WHEEL_NOTCH = 120.0
_ZOOM_PER_NOTCH = 1.2


class PointerControl:
    """Turns presses, moves and releases into changes of the view, the boxes and the measured lines.

    Parameters
    ----------
    apply_view : callable
        Receives the view that a drag or the wheel asks for.
    boxes : BoxInteraction
    measured : MeasuredLines

    Attributes
    ----------
    tool : Tool
    bindings : MouseBindings
    """

    def __init__(self, apply_view: Callable[[ViewState], None], boxes: BoxInteraction, measured: MeasuredLines) -> None:
        self.tool = Tool.POINTER
        self.bindings = MouseBindings()
        self._apply_view, self._boxes, self._measured = apply_view, boxes, measured
        self._drag: Drag | None = None
        self._wheel_rest = 0.0

    def press(self, button: Qt.MouseButton, frame: Frame, geometry: ViewGeometry, point: Point) -> None:
        """Begin what a button is bound to, unless another drag is going on."""
        actions = {
            Qt.MouseButton.LeftButton: self.bindings.left,
            Qt.MouseButton.MiddleButton: self.bindings.middle,
            Qt.MouseButton.RightButton: self.bindings.right,
        }
        if button in actions and self._drag is None:
            self._boxes.finish_keys()
            self._drag = self._begin(actions[button], frame, geometry, point)

    def move(self, geometry: ViewGeometry, point: Point) -> None:
        """Go on with a drag, or say which box is under the pointer."""
        if self._drag is not None:
            self._drag.move(point)
        else:
            self._boxes.hover(geometry, point)

    def release(self, point: Point) -> None:
        """Complete the drag."""
        if self._drag is not None:
            drag, self._drag = self._drag, None
            drag.finish(point)

    def cancel(self) -> bool:
        """Leave everything as before the drag; False if there is none."""
        if self._drag is None:
            return False
        drag, self._drag = self._drag, None
        drag.cancel()
        return True

    def wheel(self, turned: float, is_control: bool, geometry: ViewGeometry | None, point: Point) -> int:
        """Zoom, or return by how many frames to scroll; ``turned`` is in eighths of a degree."""
        action = self.bindings.control_wheel if is_control else self.bindings.wheel
        if action is WheelAction.ZOOM:
            if geometry is not None:
                self._apply_view(geometry.zoomed(math.pow(_ZOOM_PER_NOTCH, turned / _WHEEL_NOTCH), point))
            return 0
        # Touch pads report small parts of a notch.
        self._wheel_rest += turned / _WHEEL_NOTCH
        whole = int(self._wheel_rest)
        self._wheel_rest -= whole
        return -whole

    def enter(self) -> None:
        """Count the wheel anew."""
        self._wheel_rest = 0.0

    def _begin(self, action: DragAction, frame: Frame, geometry: ViewGeometry, point: Point) -> Drag | None:
        if action is DragAction.TOOL:
            return self._begin_tool(frame, geometry, point)
        if action is DragAction.PAN:
            return pan_drag(geometry, point, self._apply_view)
        if action is DragAction.ZOOM:
            return zoom_drag(geometry, point, self._apply_view)
        return self._begin_window(frame, geometry, point)

    def _begin_tool(self, frame: Frame, geometry: ViewGeometry, point: Point) -> Drag | None:
        if self.tool is Tool.PAN:
            return pan_drag(geometry, point, self._apply_view)
        if self.tool is Tool.ZOOM:
            return zoom_drag(geometry, point, self._apply_view)
        if self.tool is Tool.MEASURE:
            return self._measured.drag(frame, geometry, point)
        if self.tool is Tool.DRAW_BOX:
            return self._boxes.drawing_drag(geometry, point)
        drag = self._boxes.grip_drag(geometry, point) or self._begin_window(frame, geometry, point)
        travel = QApplication.startDragDistance() / 2
        return ClickOrDrag(point, travel, lambda: self._boxes.click(geometry, point), drag)

    def _begin_window(self, frame: Frame, geometry: ViewGeometry, point: Point) -> Drag | None:
        if not frame.is_grey:
            return None
        state = geometry.state
        return window_drag(state, state.window or starting_window(frame), point, self._apply_view)
