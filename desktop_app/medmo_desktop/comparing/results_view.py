"""What came of a comparison: the list of boxes, the words, and the costs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from medmo_desktop.comparing.box_table import BoxTable
from medmo_desktop.comparing.boxes import CHANGES, BoxComparison
from medmo_desktop.comparing.sides import TwoAnswers
from medmo_desktop.comparing.summary import summarize
from medmo_desktop.comparing.words import agreement, as_html, word_diff
from medmo_desktop.machine.table import RowTable

#: Lost and new words, on light and on dark backgrounds; each has a contrast of at least 4.5 to its background.
_ON_LIGHT, _ON_DARK = ("#a33b00", "#005a9c"), ("#ffab70", "#79c0ff")
_DARK_BELOW = 128


class ResultsView(QSplitter):
    """Three parts side by side, each with its heading."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.boxes = BoxTable()
        self.words = QTextBrowser()
        self.words.setTabChangesFocus(True)
        self.words.setAccessibleName(self.tr("Difference of the answers"))
        self.words.setToolTip(self.tr("Struck out: only in the first answer. Bold and underlined: only in the second."))
        titles = [self.tr("Figure"), self.tr("First"), self.tr("Second"), self.tr("Difference")]
        self.costs = RowTable(titles, self.tr("Costs and agreement"), 3)
        self.box_title = self._part(self.boxes)
        self.word_title = self._part(self.words)
        self._part(self.costs).setText(self.tr("Costs and agreement"))
        for place, share in enumerate((4, 3, 4)):
            self.setStretchFactor(place, share)
        self.clear()

    def _part(self, widget: QWidget) -> QLabel:
        title = QLabel()
        title.setBuddy(widget)
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(title)
        layout.addWidget(widget, 1)
        self.addWidget(holder)
        return title

    def clear(self) -> None:
        """Forget what was compared."""
        self.boxes.show_comparison(BoxComparison())
        self.words.clear()
        self.costs.show_rows([])
        self.box_title.setText(self.tr("Boxes"))
        self.word_title.setText(self.tr("Words"))

    def show_answers(self, answers: TwoAnswers, comparison: BoxComparison) -> None:
        """Show the differences of two answers."""
        pieces = word_diff(answers.first.answer.text, answers.second.answer.text)
        same = agreement(pieces)
        background = self.words.palette().color(QPalette.ColorRole.Base)
        lost, new = _ON_DARK if background.lightness() < _DARK_BELOW else _ON_LIGHT
        self.words.setHtml(as_html(pieces, lost, new))
        self.boxes.show_comparison(comparison)
        self.costs.show_rows(
            [
                (row.what, row.first, row.second, row.change)
                for row in summarize(answers.first, answers.second, comparison, same)
            ]
        )
        self.box_title.setText(
            self.tr("Boxes: {0} matched (IoU 0.9 or more), {1} moved, {2} lost, {3} new").format(
                *(comparison.count(change) for change in CHANGES)
            )
        )
        self.word_title.setText(self.tr("Words: <s>only the first</s>, <u><b>only the second</b></u>"))
