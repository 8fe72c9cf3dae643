"""A read-only table of rows that screen readers and the keyboard can walk through."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget


class RowTable(QTableWidget):
    """Rows of words; the whole row is selected.

    Parameters
    ----------
    titles : sequence of str
        Of the columns.
    name : str
        What the table holds, for screen readers.
    stretched : int
        The column that takes the room that is left.
    parent : QWidget, optional
    """

    def __init__(self, titles: Sequence[str], name: str, stretched: int, parent: QWidget | None = None) -> None:
        super().__init__(0, len(titles), parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)  # Tab leaves the table; arrows walk in it
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.set_columns(titles, name, stretched)

    def set_columns(self, titles: Sequence[str], name: str, stretched: int) -> None:
        """Replace the columns (see the class's parameters)."""
        self.setColumnCount(len(titles))
        self.setHorizontalHeaderLabels(list(titles))
        self.setAccessibleName(name)
        self.setToolTip(name)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Replace all rows; each cell's tooltip is its text, which may not fit."""
        self.clearSelection()
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                self.setItem(number, column, item)

    def selected_row(self) -> int | None:
        """Return the number of the selected row, None if none is."""
        rows = self.selectionModel().selectedRows()
        return rows[0].row() if rows else None
