"""One side of a comparison: the picture with its boxes, the text as it is written, and who wrote it."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from medmo_desktop.canvas.image_canvas import ImageCanvas
from medmo_desktop.comparing.sides import SideAnswer
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.study.model import Frame

_TEXT_LINES = 3


class ReadOnlyBoard(FindingBoard):
    """A board whose boxes are the model's for good: a comparison of corrected boxes would say nothing of the models."""

    def edit(self, boxes: BoxSet, what: str) -> None:
        """Refuse a change of the user's."""


class SideView(QWidget):
    """A canvas with a board of its own, a heading and the answer's text.

    Parameters
    ----------
    name : str
        Which side it is.
    parent : QWidget, optional
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.board = ReadOnlyBoard(self)
        self.canvas = ImageCanvas(self.board)
        self.canvas.setAccessibleName(self.tr("{0} image").format(name))
        self.heading = QLabel(name)
        self.heading.setWordWrap(True)
        self.heading.setAccessibleName(self.tr("{0} model").format(name))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(self.tr("{0} answer").format(name))
        self.text.setToolTip(self.tr("The answer as it is written"))
        self.text.setPlaceholderText(self.tr("No answer yet"))
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * _TEXT_LINES + 12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.heading)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.text)

    def show_frame(self, frame: Frame) -> None:
        """Show an image without an answer."""
        self.clear_answer()
        self.canvas.show_frame(frame)

    def clear_answer(self) -> None:
        """Forget the answer."""
        self.text.clear()
        self.heading.setText(self._name)
        self.board.show(BoxSet())

    def add_text(self, piece: str) -> None:
        """Add a piece of the answer that is being written."""
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.insertPlainText(piece)

    def show_answer(self, one: SideAnswer, boxes: BoxSet) -> None:
        """Show a whole answer."""
        backend = one.answer.backend
        self.heading.setText(
            f"{self._name}: {one.side.title} ({one.answer.artifact.method}), {backend.name}/{backend.device}"
        )
        self.heading.setToolTip(backend.reason)
        self.text.setPlainText(one.answer.text)
        self.board.show(boxes)
