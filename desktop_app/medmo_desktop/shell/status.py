"""The status bar: pixel, model, network, and the notice that is always there."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from medmo_desktop.translations.notice import research_notice


class ViewerStatusBar(QStatusBar):
    """Texts from left to right: messages, the pixel under the pointer, the model, the network, the notice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.probe = self._label(self.tr("Pixel under the pointer"))
        self.probe.setMinimumWidth(150)
        self.model = self._label(self.tr("Model and backend"))
        self.network = self._label(self.tr("Network"))
        self.notice = self._label(self.tr("Purpose"))
        self.notice.setText(research_notice())
        font = self.notice.font()
        font.setBold(True)
        self.notice.setFont(font)
        self.set_model(self.tr("no model loaded"), "")
        self.set_network(True, 0)

    def set_probe(self, text: str) -> None:
        """Show position and value of the pixel under the pointer; empty for none."""
        self.probe.setText(text)

    def set_model(self, title: str, reason: str) -> None:
        """Show what answers, and in the tooltip why it was chosen."""
        self.model.setText(self.tr("Model: {0}").format(title))
        self.model.setToolTip(reason)
        self.model.setAccessibleDescription(reason)

    def set_network(self, blocked: bool, attempts: int) -> None:
        """Show whether the network is blocked and how often something tried."""
        if blocked:
            counted = self.tr("%n attempt(s)", "", attempts)
            self.network.setText(self.tr("Network: blocked ({0})").format(counted))
            self.network.setToolTip(
                self.tr("No part of this program can reach the network; attempts are refused and counted.")
            )
        else:
            self.network.setText(self.tr("Network: ALLOWED"))
            self.network.setToolTip(self.tr("The settings let this program use the network. It has no need to."))

    def _label(self, name: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(name)
        label.setToolTip(name)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.addPermanentWidget(label)
        return label
