"""Where canvas, list and answer text meet: the boxes shown, the one selected, the one under the pointer."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from medmo_desktop.findings.marks import BoxSet


class FindingBoard(QObject):
    """The boxes of the image on screen. Views listen to it and change it; they do not know each other.

    Attributes
    ----------
    undo_stack : QUndoStack
        The user's changes.
    """

    #: `BoxSet`
    boxes_changed = Signal(object)
    #: id or None
    selection_changed = Signal(object)
    #: id or None
    hover_changed = Signal(object)
    #: Whether boxes are drawn at all.
    shown_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._boxes = BoxSet()
        self._selected: str | None = None
        self._hovered: str | None = None
        self._shown = True
        self.undo_stack = QUndoStack(self)

    @property
    def boxes(self) -> BoxSet:
        """The boxes now."""
        return self._boxes

    @property
    def selected(self) -> str | None:
        """Id of the selected box."""
        return self._selected

    @property
    def hovered(self) -> str | None:
        """Id of the box under the pointer."""
        return self._hovered

    @property
    def shown(self) -> bool:
        """Whether boxes are drawn at all."""
        return self._shown

    def show(self, boxes: BoxSet) -> None:
        """Replace all boxes, of another image or as an answer streams in; forgets the user's undo steps."""
        self.undo_stack.clear()
        self._set(boxes)

    def edit(self, boxes: BoxSet, what: str) -> None:
        """Make a change of the user's that can be undone; ``what`` names it in the menu."""
        self.undo_stack.push(_Edit(self, self._boxes, boxes, what))

    def _set(self, boxes: BoxSet) -> None:
        self._boxes = boxes
        if boxes.find(self._selected) is None:
            self.select(None)
        if boxes.find(self._hovered) is None:
            self.hover(None)
        self.boxes_changed.emit(boxes)

    def select(self, box_id: str | None) -> None:
        """Select one box, or none."""
        if box_id != self._selected:
            self._selected = box_id
            self.selection_changed.emit(box_id)

    def hover(self, box_id: str | None) -> None:
        """Say which box the pointer is over, or whose phrase."""
        if box_id != self._hovered:
            self._hovered = box_id
            self.hover_changed.emit(box_id)

    def set_shown(self, shown: bool) -> None:
        """Draw boxes, or hide them all."""
        if shown != self._shown:
            self._shown = shown
            self.shown_changed.emit(shown)


class _Edit(QUndoCommand):
    def __init__(self, board: FindingBoard, before: BoxSet, after: BoxSet, what: str) -> None:
        super().__init__(what)
        self._board, self._before, self._after = board, before, after

    def redo(self) -> None:
        """Apply the change."""
        self._board._set(self._after)

    def undo(self) -> None:
        """Take it back."""
        self._board._set(self._before)
