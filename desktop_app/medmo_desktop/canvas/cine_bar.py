"""Plays a stack: a button and a speed."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QStyle, QToolButton, QWidget

_USUAL_SPEED = 10
_FASTEST = 60


class CineBar(QWidget):
    """Says when the next frame is due."""

    step = Signal()
    playing_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=1000 // _USUAL_SPEED)
        self._timer.timeout.connect(self.step)
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setAccessibleName(self.tr("Play the series"))
        self.button.toggled.connect(self.set_playing)
        self.speed = QSpinBox()
        self.speed.setRange(1, _FASTEST)
        self.speed.setValue(_USUAL_SPEED)
        self.speed.setAccessibleName(self.tr("Frames per second"))
        self.speed.setToolTip(self.tr("How many frames are shown in a second"))
        self.speed.valueChanged.connect(lambda speed: self._timer.setInterval(1000 // speed))
        label = QLabel(self.tr("&Frames per second"))
        label.setBuddy(self.speed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(self.button)
        layout.addWidget(self.speed)
        layout.addWidget(label)
        layout.addStretch(1)
        self._say_state(False)

    @property
    def is_playing(self) -> bool:
        """Whether frames are due."""
        return self._timer.isActive()

    def set_playing(self, playing: bool) -> None:
        """Play, or pause."""
        if playing == self.is_playing:
            return
        if playing:
            self._timer.start()
        else:
            self._timer.stop()
        self.button.setChecked(playing)
        self._say_state(playing)
        self.playing_changed.emit(playing)

    def stop(self) -> None:
        """Pause."""
        self.set_playing(False)

    def _say_state(self, playing: bool) -> None:
        icon = QStyle.StandardPixmap.SP_MediaPause if playing else QStyle.StandardPixmap.SP_MediaPlay
        self.button.setIcon(self.style().standardIcon(icon))
        self.button.setToolTip(self.tr("Pause the series") if playing else self.tr("Play the series"))
