"""The settings as a dialog; each takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QWidget,
)

from medmo_desktop.shell.settings import Theme, ViewerSettings
from medmo_desktop.translations.languages import SYSTEM, available_languages, native_name


class SettingsDialog(QDialog):
    """Shows and changes `ViewerSettings`."""

    #: The user wants every kept answer removed, and said so twice.
    forget_wanted = Signal()

    def __init__(self, settings: ViewerSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(self.tr("Settings"))
        self.theme_box = QComboBox()
        self.theme_box.setAccessibleName(self.tr("Theme"))
        self.theme_box.setToolTip(self.tr("Light, dark, or as the system has it"))
        themes: tuple[tuple[Theme, str], ...] = (
            ("system", self.tr("As the system")),
            ("light", self.tr("Light")),
            ("dark", self.tr("Dark")),
        )
        for name, text in themes:
            self.theme_box.addItem(text, name)
        self.theme_box.setCurrentIndex(self.theme_box.findData(settings.theme))
        self.language_box = QComboBox()
        self.language_box.setAccessibleName(self.tr("Language"))
        self.language_box.setToolTip(self.tr("Used from the next start on"))
        self.language_box.addItem(self.tr("As the system"), SYSTEM)
        for code in available_languages():
            self.language_box.addItem(native_name(code), code)
        self.language_box.setCurrentIndex(max(self.language_box.findData(settings.language), 0))
        self.encode_box = self._check(
            self.tr("&Encode an image when it is shown"),
            self.tr("The first answer begins sooner; it costs computing time for images that you only look at"),
            settings.encode_on_open,
        )
        self.history_box = self._check(
            self.tr("&Keep answers"),
            self.tr("Answers and boxes come back when the image is opened again; they are kept on this machine only"),
            settings.history_kept,
        )
        self.network_box = self._check(
            self.tr("Let this program use the &network"),
            self.tr("It needs none. Attempts are refused and counted unless this is on"),
            settings.network_allowed,
        )
        self.forget_button = QPushButton(self.tr("&Forget all kept answers..."))
        self.forget_button.setToolTip(self.tr("Removes answers, boxes and paths from the database for good"))
        self.forget_button.setAccessibleName(self.tr("Forget all kept answers"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        theme_label = QLabel(self.tr("&Theme"))
        theme_label.setBuddy(self.theme_box)
        form.addRow(theme_label, self.theme_box)
        language_label = QLabel(self.tr("&Language (from the next start on)"))
        language_label.setBuddy(self.language_box)
        form.addRow(language_label, self.language_box)
        for box in (self.encode_box, self.history_box, self.network_box):
            form.addRow(box)
        form.addRow(self.forget_button)
        form.addRow(buttons)
        self.forget_button.clicked.connect(self._forget)
        self.theme_box.currentIndexChanged.connect(self._set_theme)
        self.language_box.currentIndexChanged.connect(self._set_language)
        self.encode_box.toggled.connect(self._set_encode)
        self.history_box.toggled.connect(self._set_history)
        self.network_box.toggled.connect(self._set_network)

    def _check(self, text: str, what: str, checked: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(what)
        box.setAccessibleName(text.replace("&", ""))
        box.setAccessibleDescription(what)
        box.setChecked(checked)
        return box

    def _forget(self) -> None:
        question = self.tr("Remove every kept answer from this machine? This cannot be undone.")
        if QMessageBox.question(self, self.tr("Forget"), question) == QMessageBox.StandardButton.Yes:
            self.forget_wanted.emit()

    def _set_theme(self, _index: int) -> None:
        self._settings.theme = self.theme_box.currentData()

    def _set_language(self, _index: int) -> None:
        self._settings.language = self.language_box.currentData()

    def _set_encode(self, checked: bool) -> None:
        self._settings.encode_on_open = checked

    def _set_history(self, checked: bool) -> None:
        self._settings.history_kept = checked

    def _set_network(self, checked: bool) -> None:
        self._settings.network_allowed = checked
