"""The boxes of two answers as a list: matched, moved, lost and new, with overlap and shift."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from medmo_desktop.comparing.boxes import BoxComparison, ComparedBox
from medmo_desktop.findings.marks import MarkedBox
from medmo_desktop.machine.table import RowTable

#: A sign per change, so that colour is not needed.
_SIGNS = {"matched": "=", "moved": "\N{RIGHTWARDS ARROW}", "lost": "\N{MINUS SIGN}", "new": "+"}


class BoxTable(RowTable):
    """One row per pair or lone box."""

    #: `ComparedBox`
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__([], "", 0, parent)
        titles = [
            self.tr("Change"),
            self.tr("Label"),
            self.tr("IoU"),
            self.tr("Corner shift"),
            self.tr("First"),
            self.tr("Second"),
        ]
        self.set_columns(titles, self.tr("Boxes of both answers"), 5)
        self._comparison = BoxComparison()
        self.itemSelectionChanged.connect(self._choose)

    def show_comparison(self, comparison: BoxComparison) -> None:
        """Show all boxes."""
        self._comparison = comparison
        self.show_rows([self._cells(row) for row in comparison])

    def select_box(self, box_id: str | None, *, first: bool) -> None:
        """Select the row of a box of the first or of the second answer."""
        for number, row in enumerate(self._comparison):
            box = row.first if first else row.second
            if box is not None and box.id == box_id:
                self.selectRow(number)
                return

    def _choose(self) -> None:
        number = self.selected_row()
        if number is not None and number < len(self._comparison.rows):
            self.chosen.emit(self._comparison.rows[number])

    def _cells(self, row: ComparedBox) -> list[str]:
        words = {
            "matched": self.tr("matched"),
            "moved": self.tr("moved"),
            "lost": self.tr("lost"),
            "new": self.tr("new"),
        }
        return [
            f"{_SIGNS[row.change]} {words[row.change]}",
            row.label,
            "" if row.iou is None else f"{row.iou:.3f}",
            "" if row.corner_shift is None else self.tr("{0:.1f} px").format(row.corner_shift),
            self._place(row.first),
            self._place(row.second),
        ]

    def _place(self, box: MarkedBox | None) -> str:
        return "-" if box is None else ", ".join(f"{value:.0f}" for value in box.pixels)
