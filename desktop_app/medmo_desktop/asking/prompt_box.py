"""Where the question is written: presets, images that go along, Ask and Stop."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medmo_desktop.asking.presets import PRESETS, Preset
from medmo_desktop.asking.requests import ImageChoice
from medmo_desktop.findings.text import utf16_length

_PROMPT_LINES = 4
_LONGEST_TITLE = 24


class ImageChips(QWidget):
    """One button per image: pressed ones go along with the question.

    The first is the image on screen. Without it the question is about no image, because boxes belong to the first.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices: tuple[ImageChoice, ...] = ()
        self._buttons: list[QToolButton] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setAccessibleName(self.tr("Images that go along with the question"))

    @property
    def chosen(self) -> tuple[ImageChoice, ...]:
        """The images that go along, the one on screen first."""
        if not self._buttons or not self._buttons[0].isChecked():
            return ()
        return tuple(choice for choice, button in zip(self._choices, self._buttons, strict=True) if button.isChecked())

    def set_with_image(self, wanted: bool) -> None:
        """Let the image on screen go along, or ask without any."""
        if self._buttons:
            self._buttons[0].setChecked(wanted)

    def show_choices(self, choices: Sequence[ImageChoice]) -> None:
        """Offer images, the one on screen first; those that were pressed before stay pressed."""
        pressed = {choice.id for choice in self.chosen[1:]}
        for button in self._buttons:
            self._layout.removeWidget(button)
            button.deleteLater()
        self._choices = tuple(choices)
        self._buttons = [self._button(choice, index == 0, pressed) for index, choice in enumerate(choices)]

    def _button(self, choice: ImageChoice, is_shown: bool, pressed: set[str]) -> QToolButton:
        button = QToolButton(self)
        button.setCheckable(True)
        button.setChecked(is_shown or choice.id in pressed)
        title = choice.title if len(choice.title) <= _LONGEST_TITLE else f"{choice.title[: _LONGEST_TITLE - 1]}…"
        button.setText(f"✓ {title}" if button.isChecked() else f"+ {title}")
        button.setAccessibleName(choice.title)
        button.setToolTip(
            self.tr("Ask about the image on screen, or about text alone")
            if is_shown
            else self.tr("Send {0} along with the question").format(choice.title)
        )
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

        def mark(checked: bool) -> None:
            button.setText(f"✓ {title}" if checked else f"+ {title}")
            self.changed.emit()

        button.toggled.connect(mark)
        self._layout.addWidget(button)
        return button


class PromptEdit(QPlainTextEdit):
    """The question. Ctrl+Enter asks, Esc stops."""

    ask_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Question"))
        self.setToolTip(self.tr("The question; Ctrl+Enter asks it"))
        self.setPlaceholderText(self.tr("Ask about the image (Ctrl+Enter)"))
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * _PROMPT_LINES + 12)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Ask with Ctrl+Enter, stop with Esc."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.ask_wanted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.stop_wanted.emit()
        else:
            super().keyPressEvent(event)


class PromptBox(QWidget):
    """Presets, the question, the images that go along, Ask and Stop."""

    #: The question's text, without white space around it.
    ask_wanted = Signal(str)
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presets = QComboBox()
        self.presets.setAccessibleName(self.tr("Task"))
        self.presets.setToolTip(self.tr("Start from a task's prompt"))
        self.presets.addItem(self.tr("Task…"))
        for preset in PRESETS:
            self.presets.addItem(QCoreApplication.translate("Preset", preset.title), preset)
        self.edit = PromptEdit()
        self.chips = ImageChips()
        self.ask_button = QPushButton(self.tr("&Ask"))
        self.ask_button.setToolTip(self.tr("Ask the question (Ctrl+Enter)"))
        self.stop_button = QPushButton(self.tr("&Stop"))
        self.stop_button.setToolTip(self.tr("Stop the answer and the computing behind it (Esc)"))
        self._lay_out()
        self.presets.activated.connect(self._use_preset)
        self.edit.ask_wanted.connect(self._ask)
        self.edit.stop_wanted.connect(self.stop_wanted)
        self.ask_button.clicked.connect(self._ask)
        self.stop_button.clicked.connect(self.stop_wanted)
        self.edit.textChanged.connect(self._update_ask)
        self._is_busy = False
        self.set_busy(False)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(self.presets)
        row.addStretch(1)
        row.addWidget(self.ask_button)
        row.addWidget(self.stop_button)
        layout.addWidget(self.chips)
        layout.addWidget(self.edit)
        layout.addLayout(row)
        QWidget.setTabOrder(self.chips, self.edit)
        QWidget.setTabOrder(self.edit, self.presets)
        QWidget.setTabOrder(self.presets, self.ask_button)
        QWidget.setTabOrder(self.ask_button, self.stop_button)

    def set_busy(self, busy: bool) -> None:
        """Allow stopping while a question is answered, asking otherwise."""
        self._is_busy = busy
        self.stop_button.setEnabled(busy)
        self._update_ask()

    def set_prompt(self, text: str) -> None:
        """Write a question for the user."""
        self.edit.setPlainText(text)

    def use_preset(self, preset: Preset) -> None:
        """Write a task's prompt, with what the user is to replace selected; a task about text takes no image."""
        self.chips.set_with_image(preset.needs_image)
        self.edit.setPlainText(preset.prompt)
        cursor = QTextCursor(self.edit.document())
        if preset.blank is None:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        else:
            start, end = (utf16_length(preset.prompt[:index]) for index in preset.blank)
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self.edit.setTextCursor(cursor)
        self.edit.setFocus()

    def _use_preset(self, index: int) -> None:
        preset = self.presets.itemData(index)
        if isinstance(preset, Preset):
            self.use_preset(preset)

    def _update_ask(self) -> None:
        self.ask_button.setEnabled(not self._is_busy and bool(self.edit.toPlainText().strip()))

    def _ask(self) -> None:
        if self.ask_button.isEnabled():
            self.ask_wanted.emit(self.edit.toPlainText().strip())
