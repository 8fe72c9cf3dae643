"""The first page: it works at once, with the embedded model and a generated picture."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from medmo_desktop.translations.notice import research_notice


class FirstRunPage(QWidget):
    """What the program is, and three ways to begin."""

    #: Open the sample and ask the embedded model about it.
    sample_wanted = Signal()
    open_wanted = Signal()
    models_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel("<h1>MedMO Edge</h1>")
        words = QLabel(
            self.tr(
                "Ask a medical vision-language model about an image, and see its boxes. Everything runs on this "
                "machine: the network is blocked, and nothing is sent anywhere.\n\n"
                "A very small model is built in. It knows only generated pictures, and shows how the program works. "
                "For real images, bring a MedMO checkpoint or an artifact made from one."
            )
        )
        notice = QLabel(f"<b>{research_notice()}</b>")
        for label in (title, words, notice):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.AutoText)
        self.sample_button = self._button(
            self.tr("&Try it: sample image, built-in model"), self.tr("Opens a generated picture and asks for boxes")
        )
        self.open_button = self._button(self.tr("&Open images..."), self.tr("DICOM, PNG, JPEG, TIFF or NIfTI files"))
        self.models_button = self._button(self.tr("Choose a &model..."), self.tr("Import a model, or see what fits"))
        hint = QLabel(self.tr("You can also drop files and folders anywhere on this window. F1 shows all keys."))
        hint.setWordWrap(True)
        column = QWidget()
        column.setMaximumWidth(560)
        inner = QVBoxLayout(column)
        for widget in (title, words, self.sample_button, self.open_button, self.models_button, hint, notice):
            inner.addWidget(widget)
        inner.setSpacing(14)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(column, 4)  # not by alignment, which would ignore the height that the wrapped words need
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(across)
        outer.addStretch(1)
        self.sample_button.clicked.connect(self.sample_wanted)
        self.open_button.clicked.connect(self.open_wanted)
        self.models_button.clicked.connect(self.models_wanted)
        self.sample_button.setDefault(True)
        self.setFocusProxy(self.sample_button)

    def _button(self, text: str, what: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(what)
        button.setAccessibleName(text.replace("&", ""))
        button.setAccessibleDescription(what)
        button.setMinimumHeight(36)
        button.setAutoDefault(True)
        return button
