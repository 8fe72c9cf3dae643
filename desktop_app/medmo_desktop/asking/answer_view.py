"""The answer's text, its phrases linked with the boxes in both directions."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPalette, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.findings.text import (
    LinkedSpan,
    character_at,
    linked_spans,
    sentence_around,
    shown_text,
    span_at,
    spans_of,
    utf16_length,
)
from medmo_runtime.overlay import label_colors


class AnswerView(QPlainTextEdit):
    """Shows an answer as plain text, never as markup, while it streams in and afterwards.

    Phrases with boxes are underlined in their label's colour. Pointing at one hovers its first box, a click or Enter
    selects it, and the next one each further time; a hovered or selected box lights its phrase and the sentence around
    it.

    Parameters
    ----------
    board : FindingBoard
    """

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._text = ""
        self._spans: tuple[LinkedSpan, ...] = ()
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(self.tr("Answer"))
        self.setToolTip(self.tr("Point at an underlined phrase to see its boxes; click it to select one"))
        self.setPlaceholderText(self.tr("The answer appears here."))
        self.viewport().setMouseTracking(True)
        board.boxes_changed.connect(self._link)
        board.selection_changed.connect(self._paint)
        board.hover_changed.connect(self._paint)

    @property
    def text(self) -> str:
        """The answer as the model wrote it."""
        return self._text

    @property
    def spans(self) -> tuple[LinkedSpan, ...]:
        """The phrases that are linked now."""
        return self._spans

    def show_answer(self, text: str) -> None:
        """Show another answer, or none."""
        self._text = text
        self.setPlainText(shown_text(text))
        self._link(self._board.boxes)

    def append_piece(self, piece: str) -> None:
        """Add what streamed in; the view follows unless the user scrolled up."""
        bar = self.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        self._text += piece
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(shown_text(piece))
        if follows:
            bar.setValue(bar.maximum())

    def position_of(self, character: int) -> int:
        """Return Qt's position of a character of the answer."""
        return utf16_length(self._text[:character])

    def _link(self, boxes: BoxSet) -> None:
        self._spans = linked_spans(self._text, boxes)
        self._paint()

    def _paint(self) -> None:
        """Underline phrases in their colours; light those of the hovered and the selected box."""
        boxes = self._board.boxes
        colors = label_colors(box.label for box in boxes)
        lit = self._board.hovered or self._board.selected
        lit_spans = spans_of(self._spans, lit)
        sentences = [sentence_around(self._text, span.start, span.end) for span in lit_spans]
        selections = [self._selection(start, end, self._sentence_tint()) for start, end in sentences]
        for span in self._spans:
            box = boxes.find(span.box_ids[0])
            style = QTextCharFormat()
            style.setFontUnderline(True)
            style.setUnderlineStyle(
                QTextCharFormat.UnderlineStyle.DotLine
                if span.is_mention
                else QTextCharFormat.UnderlineStyle.SingleUnderline
            )
            if box is not None:
                style.setUnderlineColor(QColor(*colors[box.label]))
            if span in lit_spans:
                style.setBackground(self.palette().brush(QPalette.ColorRole.Highlight))
                style.setForeground(self.palette().brush(QPalette.ColorRole.HighlightedText))
            selections.append(self._selection(span.start, span.end, style))
        self.setExtraSelections(selections)

    def _sentence_tint(self) -> QColor:
        color = QColor(self.palette().color(QPalette.ColorRole.Highlight))
        color.setAlpha(50)
        return color

    def _selection(self, start: int, end: int, style: QTextCharFormat | QColor) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(self.position_of(start))
        cursor.setPosition(self.position_of(end), QTextCursor.MoveMode.KeepAnchor)
        selection.cursor = cursor
        if isinstance(style, QColor):
            background = QTextCharFormat()
            background.setBackground(style)
            style = background
        selection.format = style
        return selection

    def _span_under(self, point: QPoint) -> LinkedSpan | None:
        cursor = self.cursorForPosition(point)
        position = cursor.position()
        # The cursor stands at the nearer edge of a character; which character it is says on which side of it.
        if self.cursorRect(cursor).left() > point.x():
            position -= 1
        return span_at(self._spans, character_at(self._text, max(0, position)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Hover the boxes of the phrase under the pointer."""
        super().mouseMoveEvent(event)
        span = self._span_under(event.position().toPoint())
        self._board.hover(None if span is None else span.box_ids[0])
        shape = Qt.CursorShape.IBeamCursor if span is None else Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Select a box of the phrase that was clicked; further clicks go on to its others."""
        super().mouseReleaseEvent(event)
        span = self._span_under(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and span is not None and not self.textCursor().hasSelection():
            self._select_next(span)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Select a box of the phrase at the text cursor with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            span = span_at(self._spans, character_at(self._text, self.textCursor().position()))
            if span is not None:
                self._select_next(span)
                return
        super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Hover nothing any more."""
        super().leaveEvent(event)
        self._board.hover(None)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take new colours from the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint()

    def _select_next(self, span: LinkedSpan) -> None:
        ids = span.box_ids
        selected = self._board.selected
        self._board.select(ids[(ids.index(selected) + 1) % len(ids)] if selected in ids else ids[0])
