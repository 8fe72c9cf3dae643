"""The list of boxes, one row each, tied to the board in both directions."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.findings.table_model import LABEL, SHOWN, BoxTableModel


class _BoxTable(QTableView):
    """The table; it tells the board what the pointer is over."""

    def __init__(self, board: FindingBoard, model: BoxTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board, self._boxes = board, model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)
        self.setAccessibleName(self.tr("Findings"))
        self.setToolTip(self.tr("Space shows or hides a box, F2 renames it, Delete deletes it"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.entered.connect(lambda index: self._hover(index))

    def _hover(self, index: QModelIndex) -> None:
        box = self._boxes.box(index.row())
        self._board.hover(None if box is None else box.id)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Hover nothing once the pointer leaves, or is below the last row."""
        if event.type() == QEvent.Type.Leave:
            self._board.hover(None)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Open and close the eye with Space from any column; let the list delete and deselect."""
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            eye = self._boxes.index(self.currentIndex().row(), SHOWN)
            is_shown = self._boxes.data(eye, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
            wanted = Qt.CheckState.Unchecked if is_shown else Qt.CheckState.Checked
            self._boxes.setData(eye, wanted, Qt.ItemDataRole.CheckStateRole)
        elif event.key() == Qt.Key.Key_F2 and self.currentIndex().isValid():
            self.edit(self._boxes.index(self.currentIndex().row(), LABEL))
        else:
            super().keyPressEvent(event)


class FindingList(QWidget):
    """All boxes of a board: eye, label, coordinates, token probability, origin and marks.

    Parameters
    ----------
    board : FindingBoard
    """

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self.model = BoxTableModel(board)
        self.table = _BoxTable(board, self.model)
        self.count = QLabel()
        self.count.setAccessibleName(self.tr("Number of boxes"))
        self.hide_all = QToolButton()
        self.hide_all.setCheckable(True)
        self.hide_all.setToolTip(self.tr("Hide all boxes on the image, or show them again"))
        self.delete_action = QAction(self.tr("&Delete"), self)
        self.delete_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self.delete_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.addAction(self.delete_action)
        above = QHBoxLayout()
        above.addWidget(self.count)
        above.addStretch(1)
        above.addWidget(self.hide_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(above)
        layout.addWidget(self.table)
        self._connect()
        self._show_boxes(board.boxes)
        self._show_shown(board.shown)

    def _connect(self) -> None:
        self.delete_action.triggered.connect(self.delete_selected)
        self.hide_all.toggled.connect(lambda hidden: self._board.set_shown(not hidden))
        self.table.selectionModel().selectionChanged.connect(self._select_on_board)
        self.table.customContextMenuRequested.connect(self._show_menu)
        # After the model, which listens since it was made: the rows are there when they are to be selected.
        self._board.boxes_changed.connect(self._show_boxes)
        self._board.selection_changed.connect(self._select_row)
        self._board.hover_changed.connect(self._show_hovered)
        self._board.shown_changed.connect(self._show_shown)

    def delete_selected(self) -> None:
        """Delete the selected box, as a change that can be undone."""
        box = self._board.boxes.find(self._board.selected)
        if box is not None:
            self._board.edit(self._board.boxes.deleted(box.id), self.tr("Delete a box"))

    def menu(self, box_id: str) -> QMenu:
        """Return the context menu of a box."""
        menu = QMenu(self)
        row = self.model.row(box_id)
        box = self.model.box(row)
        rename = menu.addAction(self.tr("&Rename"))
        rename.triggered.connect(lambda: self.table.edit(self.model.index(row, LABEL)))
        if box is not None:
            words = self.tr("&Hide") if box.visible else self.tr("&Show")
            visible = not box.visible
            menu.addAction(words).triggered.connect(
                lambda: self._board.edit(self._board.boxes.shown(box_id, visible), words.replace("&", ""))
            )
        menu.addAction(self.delete_action)
        return menu

    def _show_menu(self, point: QPoint) -> None:
        box = self.model.box(self.table.indexAt(point).row())
        if box is not None:
            self._board.select(box.id)
            menu = self.menu(box.id)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.table.viewport().mapToGlobal(point))

    def _select_on_board(self, _selected: QItemSelection, _before: QItemSelection) -> None:
        rows = self.table.selectionModel().selectedRows()
        box = self.model.box(rows[0].row()) if rows else None
        if box is not None:
            self._board.select(box.id)

    def _select_row(self, box_id: str | None) -> None:
        row = self.model.row(box_id)
        if row < 0:
            self.table.clearSelection()
            return
        index = self.model.index(row, LABEL)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(index, flags)
        self.table.scrollTo(index)

    def _show_hovered(self, box_id: str | None) -> None:
        self.model.set_hovered(box_id)
        row = self.model.row(box_id)
        if row >= 0 and not self.table.underMouse():
            self.table.scrollTo(self.model.index(row, LABEL))

    def _show_boxes(self, boxes: BoxSet) -> None:
        hidden = sum(not box.visible for box in boxes)
        words = self.tr("%n box(es)", "", len(boxes))
        if hidden:
            words = self.tr("{0}, {1}").format(words, self.tr("%n hidden", "", hidden))
        self.count.setText(words)
        self._select_row(self._board.selected)

    def _show_shown(self, shown: bool) -> None:
        self.hide_all.setChecked(not shown)
        self.hide_all.setText(self.tr("Hide all boxes") if shown else self.tr("Boxes are hidden: show them"))
