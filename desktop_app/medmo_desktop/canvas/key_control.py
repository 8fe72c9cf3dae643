"""What keys do on a canvas, by tool and selection."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from medmo_desktop.canvas.box_interaction import BoxInteraction
from medmo_desktop.canvas.key_drawing import KeyDrawing
from medmo_desktop.canvas.measured_lines import MeasuredLines
from medmo_desktop.canvas.tools import Tool
from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.study.model import Frame

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_DELETE = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class KeyControl(QObject):
    """Turns keys into changes of boxes and measured lines.

    Parameters
    ----------
    boxes : BoxInteraction
    measured : MeasuredLines
    parent : QObject

    Attributes
    ----------
    drawing : KeyDrawing
    """

    def __init__(self, boxes: BoxInteraction, measured: MeasuredLines, parent: QObject) -> None:
        super().__init__(parent)
        self._boxes, self._measured = boxes, measured
        self.drawing = KeyDrawing(self)

    def begin_drawing(self, tool: Tool, frame: Frame, geometry: ViewGeometry) -> bool:
        """Begin what the tool draws; False if it draws nothing."""
        self._boxes.finish_keys()
        if tool is Tool.DRAW_BOX:
            return self.drawing.begin("box", self._boxes.target(geometry.image_size), geometry)
        if tool is Tool.MEASURE:
            return self.drawing.begin("line", self._measured.target(frame), geometry)
        return False

    def press(self, key: int, modifiers: Qt.KeyboardModifier, tool: Tool, frame: Frame, geometry: ViewGeometry) -> bool:
        """Draw, or change the selected box or the last measured line; False if the key means nothing of it."""
        if self.drawing.is_active:
            return self.drawing.press(key, modifiers, geometry)
        if key in _ENTER and self.begin_drawing(tool, frame, geometry):
            return True
        return self._boxes.press_key(key, modifiers, geometry) or (key in _DELETE and self._measured.remove_last())

    def needs(self, key: int) -> bool:
        """Whether a key that is also a command's shortcut belongs to the drawing in progress."""
        return self.drawing.is_active and key == Qt.Key.Key_Escape
