"""The commands about the image on screen: how it is looked at, where in the series, which box."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QActionGroup

from medmo_desktop.canvas.box_editing import next_box
from medmo_desktop.canvas.captions import window_name
from medmo_desktop.canvas.series_view import SeriesView
from medmo_desktop.canvas.tools import Tool
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.shell.actions import Actions
from medmo_desktop.study.model import Frame
from medmo_desktop.study.presets import presets_for

_ZOOM_STEP = 1.25
_TOOLS = {
    "tool-pointer": Tool.POINTER,
    "tool-pan": Tool.PAN,
    "tool-zoom": Tool.ZOOM,
    "tool-measure": Tool.MEASURE,
    "tool-box": Tool.DRAW_BOX,
}
_PRESET_COMMANDS = tuple(f"window-{number}" for number in range(1, 6))
_NEED_A_FRAME = (
    *("fit", "zoom-in", "zoom-out", "actual-size", "invert", "flip-horizontal", "flip-vertical", "rotate-right"),
    *("rotate-left", "reset-view", "window-default", *_TOOLS, "draw-box", "draw-line", "close-image"),
)
_NEED_A_STACK = ("next-frame", "previous-frame", "first-frame", "last-frame", "cine")


class ImageCommands(QObject):
    """Connects actions with the view and enables those that make sense."""

    def __init__(self, actions: Actions, view: SeriesView, board: FindingBoard, parent: QObject) -> None:
        super().__init__(parent)
        self._actions, self._view, self._board = actions, view, board
        canvas = view.canvas
        plain = {
            "fit": canvas.fit,
            "zoom-in": partial(canvas.zoom_by, _ZOOM_STEP),
            "zoom-out": partial(canvas.zoom_by, 1 / _ZOOM_STEP),
            "actual-size": canvas.actual_size,
            "invert": canvas.invert,
            "flip-horizontal": canvas.flip_horizontal,
            "flip-vertical": canvas.flip_vertical,
            "rotate-right": canvas.rotate_right,
            "rotate-left": canvas.rotate_left,
            "reset-view": canvas.reset,
            "window-default": partial(canvas.set_window, None),
            "draw-box": partial(self._draw, Tool.DRAW_BOX),
            "draw-line": partial(self._draw, Tool.MEASURE),
            "next-frame": partial(view.scroll_by, 1),
            "previous-frame": partial(view.scroll_by, -1),
            "first-frame": partial(view.set_index, 0),
            "last-frame": self._go_to_last,
            "cine": self._toggle_cine,
            "delete-box": self._delete_box,
            "next-box": partial(self._step_box, 1),
            "previous-box": partial(self._step_box, -1),
            "undo": board.undo_stack.undo,
            "redo": board.undo_stack.redo,
        }
        for command_id, do in plain.items():
            # A slot of the window's actions gets "checked", which these functions do not take.
            actions[command_id].triggered.connect(lambda _checked=False, do=do: do())
        for number, command_id in enumerate(_PRESET_COMMANDS):
            actions[command_id].triggered.connect(partial(self._use_preset, number))
        self._connect_tools()
        actions["hide-boxes"].toggled.connect(lambda hidden: board.set_shown(not hidden))
        board.shown_changed.connect(lambda shown: actions["hide-boxes"].setChecked(not shown))
        actions["corner-text"].setChecked(True)
        actions["corner-text"].toggled.connect(canvas.set_text_shown)
        board.undo_stack.canUndoChanged.connect(actions["undo"].setEnabled)
        board.undo_stack.canRedoChanged.connect(actions["redo"].setEnabled)
        board.selection_changed.connect(lambda selected: actions["delete-box"].setEnabled(selected is not None))
        board.boxes_changed.connect(lambda boxes: actions.enable(("next-box", "previous-box"), len(boxes) > 0))
        view.frame_changed.connect(self.adapt)
        actions.enable(("undo", "redo", "delete-box", "next-box", "previous-box"), False)
        self.adapt(None)

    def adapt(self, frame: Frame | None) -> None:
        """Enable what makes sense for the frame on screen, and name the window presets."""
        self._actions.enable(_NEED_A_FRAME, frame is not None)
        series = self._view.series
        self._actions.enable(_NEED_A_STACK, series is not None and len(series.frames) > 1)
        presets = presets_for(frame) if frame is not None else ()
        for number, command_id in enumerate(_PRESET_COMMANDS):
            action = self._actions[command_id]
            known = number < len(presets)
            action.setEnabled(known)
            if known:
                action.setText(self.tr("Window: {0}").format(window_name(presets[number].window)))

    def _connect_tools(self) -> None:
        group = QActionGroup(self)
        for command_id, tool in _TOOLS.items():
            action = self._actions[command_id]
            group.addAction(action)
            action.triggered.connect(partial(self._use_tool, tool))
        self._actions["tool-pointer"].setChecked(True)
        names = {tool: command_id for command_id, tool in _TOOLS.items()}
        self._view.canvas.tool_changed.connect(lambda tool: self._actions[names[tool]].setChecked(True))

    def _use_tool(self, tool: Tool, _checked: bool = False) -> None:
        self._view.canvas.set_tool(tool)

    def _draw(self, tool: Tool) -> None:
        self._view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._view.canvas.begin_drawing(tool)

    def _use_preset(self, number: int, _checked: bool = False) -> None:
        frame = self._view.frame
        presets = presets_for(frame) if frame is not None else ()
        if number < len(presets):
            self._view.canvas.set_window(presets[number].window)

    def _go_to_last(self) -> None:
        series = self._view.series
        if series is not None:
            self._view.set_index(len(series.frames) - 1)

    def _toggle_cine(self) -> None:
        self._view.cine.set_playing(not self._view.cine.is_playing)

    def _delete_box(self) -> None:
        selected = self._board.selected
        if selected is not None:
            self._board.edit(self._board.boxes.deleted(selected), self.tr("Delete box"))

    def _step_box(self, step: int) -> None:
        boxes = self._board.boxes
        following = next_box(boxes, self._board.selected, step) or next_box(boxes, None, step)
        if following is not None:
            self._board.select(following)
