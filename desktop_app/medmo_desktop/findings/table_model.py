"""The boxes as rows of a table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QFont

from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet, MarkedBox, PixelBox
from medmo_runtime.overlay import label_colors

translate = QCoreApplication.translate

SHOWN, LABEL, PIXELS, RAW, CONFIDENCE, ORIGIN, MARKS = range(7)

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


def mark_words(mark: str) -> str:
    """Return a mark of one box in words."""
    words = {
        "swapped": translate("BoxTable", "corners in the wrong order, put right"),
        "clipped": translate("BoxTable", "reached out of the image, cut at its edge"),
        "pixels?": translate("BoxTable", "too large for the model's grid: probably another unit, drawn as written"),
        "unit-scale": translate("BoxTable", "written as shares from 0 to 1"),
    }
    return words.get(mark, mark)


def origin_words(box: MarkedBox) -> str:
    """Return who says so: the model, the user, or the model corrected by the user."""
    if box.origin == "user":
        return translate("BoxTable", "user")
    return translate("BoxTable", "model, corrected") if box.is_corrected else translate("BoxTable", "model")


def corners(box: PixelBox | None, digits: int = 1) -> str:
    """Return a box's corners, ``x1, y1 - x2, y2``; a dash without a box."""
    if box is None:
        return "-"
    x1, y1, x2, y2 = (f"{value:.{digits}f}" for value in box)
    return f"{x1}, {y1} - {x2}, {y2}"


def _bold() -> QFont:
    font = QFont()
    font.setBold(True)
    return font


class BoxTableModel(QAbstractTableModel):
    """One row per box of a board, in its order. The eye is a check box and the label can be edited.

    Parameters
    ----------
    board : FindingBoard
    """

    def __init__(self, board: FindingBoard) -> None:
        super().__init__(board)
        self._board = board
        self._boxes = board.boxes
        self._colors = label_colors(box.label for box in self._boxes)
        self._hovered = -1
        board.boxes_changed.connect(self._replace)

    def box(self, row: int) -> MarkedBox | None:
        """Return the box of a row, None if there is no such row."""
        return self._boxes.boxes[row] if 0 <= row < len(self._boxes) else None

    def row(self, box_id: str | None) -> int:
        """Return the row of a box, -1 if it has none."""
        return next((row for row, box in enumerate(self._boxes) if box.id == box_id), -1)

    def set_hovered(self, box_id: str | None) -> None:
        """Show in the table which box the pointer is over, on the image or in the text."""
        before, self._hovered = self._hovered, self.row(box_id)
        for row in {before, self._hovered} - {-1}:
            self.dataChanged.emit(self.index(row, 0), self.index(row, MARKS))

    def rowCount(self, parent: _Index = _ROOT) -> int:  # noqa: N802
        """Return how many boxes there are."""
        return 0 if parent.isValid() else len(self._boxes)

    def columnCount(self, parent: _Index = _ROOT) -> int:  # noqa: N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else MARKS + 1

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name the columns; the confidence says what it is and what it is not."""
        if orientation != Qt.Orientation.Horizontal:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        names = (
            (translate("BoxTable", "Show"), translate("BoxTable", "Whether the box is drawn")),
            (translate("BoxTable", "Label"), translate("BoxTable", "Double-click or F2 to rename")),
            (translate("BoxTable", "Pixels"), translate("BoxTable", "x1, y1 - x2, y2 in pixels of the image as shown")),
            (
                translate("BoxTable", "Model wrote"),
                translate("BoxTable", "x1, y1 - x2, y2 as the model wrote them, in its own unit"),
            ),
            (
                translate("BoxTable", "Token probability"),
                translate("BoxTable", "token probability, not disease probability"),
            ),
            (
                translate("BoxTable", "Origin"),
                translate("BoxTable", "The model, the user, or the model corrected by the user"),
            ),
            (translate("BoxTable", "Marks"), translate("BoxTable", "What was unusual about the numbers")),
        )
        name, tip = names[section]
        if role == Qt.ItemDataRole.DisplayRole:
            not_disease = translate("BoxTable", "not disease probability")
            return name if section != CONFIDENCE else f"{name}\n({not_disease})"
        return tip if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Allow the eye to be opened and closed and the label to be edited."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if index.column() == SHOWN:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == LABEL else flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        box = self.box(index.row())
        if box is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column == SHOWN:
            return Qt.CheckState.Checked if box.visible else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column == LABEL:
            return QColor(*self._colors[box.label])
        if role == Qt.ItemDataRole.EditRole and column == LABEL:
            return box.label
        if role == Qt.ItemDataRole.FontRole and index.row() == self._hovered:
            return _bold()
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(box, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == SHOWN:
            return translate("BoxTable", "shown") if box.visible else translate("BoxTable", "hidden")
        return self._words(box, column) if role == Qt.ItemDataRole.DisplayRole else None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Rename a box or open and close its eye, as a change that can be undone."""
        box = self.box(index.row())
        if box is None:
            return False
        if role == Qt.ItemDataRole.CheckStateRole:
            visible = Qt.CheckState(value) == Qt.CheckState.Checked
            what = translate("BoxTable", "Show a box") if visible else translate("BoxTable", "Hide a box")
            self._board.edit(self._board.boxes.shown(box.id, visible), what)
            return True
        label = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or not label or label == box.label:
            return False
        self._board.edit(self._board.boxes.relabelled(box.id, label), translate("BoxTable", "Rename a box"))
        return True

    def _replace(self, boxes: BoxSet) -> None:
        """Take over new boxes; with the same ids in the same order only their cells change, so an open editor stays."""
        before = [box.id for box in self._boxes]
        colors = label_colors(box.label for box in boxes)
        if before == [box.id for box in boxes]:
            self._boxes, self._colors = boxes, colors
            if before:
                self.dataChanged.emit(self.index(0, 0), self.index(len(before) - 1, MARKS))
            return
        self.beginResetModel()
        self._boxes, self._colors = boxes, colors
        self.endResetModel()

    @staticmethod
    def _words(box: MarkedBox, column: int) -> str | None:
        return {
            LABEL: box.label or translate("BoxTable", "(no label)"),
            PIXELS: corners(box.pixels),
            RAW: corners(box.raw, 0 if box.raw and max(box.raw) > 1 else 3),
            CONFIDENCE: "-" if box.confidence is None else f"{box.confidence:.2f}",
            ORIGIN: origin_words(box),
            MARKS: ", ".join(box.marks),
        }.get(column)

    @staticmethod
    def _tip(box: MarkedBox, column: int) -> str | None:
        if column == MARKS and box.marks:
            return "; ".join(mark_words(mark) for mark in box.marks)
        if column in (LABEL, ORIGIN) and box.model_label is not None:
            return translate("BoxTable", "The model called it {0}").format(box.model_label)
        if column in (PIXELS, ORIGIN) and box.model_pixels is not None:
            return translate("BoxTable", "The model put it at {0}").format(corners(box.model_pixels))
        return translate("BoxTable", "token probability, not disease probability") if column == CONFIDENCE else None
