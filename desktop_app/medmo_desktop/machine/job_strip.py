"""A line that shows a job: what it does, how far it is, and a button that cancels it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from medmo_desktop.machine.jobs import Job

_STEPS = 1000


class JobStrip(QWidget):
    """Shows one job at a time, then how it ended, in words."""

    #: The user pressed cancel.
    cancel_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._title = ""
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setAccessibleName(self.tr("State of the work in the background"))
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setMaximumWidth(260)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.cancel_button = QPushButton(self.tr("Cance&l"))
        self.cancel_button.setToolTip(self.tr("Stop what runs in the background"))
        self.cancel_button.setAccessibleName(self.tr("Cancel the work in the background"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.cancel_button)
        self.cancel_button.clicked.connect(self._cancel)
        self._show_running(False)

    @property
    def running(self) -> bool:
        """Whether the job that is shown has not ended."""
        return self._running

    def follow(self, job: Job, title: str) -> None:
        """Show a job that is about to start; ``title`` says in words what it does."""
        self._job, self._title = job, title
        self.label.setText(title)
        self.bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self._show_running(True)
        job.progressed.connect(self._progress)
        job.failed.connect(self._failed)
        job.cancelled.connect(self._cancelled)
        job.succeeded.connect(self._succeeded)
        job.finished.connect(self._stop_showing)

    def say(self, text: str) -> None:
        """Show a sentence, for example what came of a job."""
        self.label.setText(text)

    def _show_running(self, running: bool) -> None:
        self._running = running
        self.bar.setVisible(running)
        self.cancel_button.setVisible(running)

    def _progress(self, phase: str, done: int, total: int) -> None:
        self.label.setText(f"{self._title}: {phase}" if phase else self._title)
        self.bar.setRange(0, _STEPS if total else 0)
        if total:
            self.bar.setValue(round(_STEPS * done / total))

    def _succeeded(self, _result: object) -> None:
        self.label.setText("")

    def _stop_showing(self) -> None:
        self._show_running(False)

    def _failed(self, text: str) -> None:
        self.label.setText(self.tr("Failed: {0}").format(text))

    def _cancelled(self) -> None:
        self.label.setText(self.tr("{0}: cancelled.").format(self._title))

    def _cancel(self) -> None:
        if self._job is not None:
            self.cancel_button.setEnabled(False)
            self.label.setText(self.tr("{0}: cancelling...").format(self._title))
            self._job.cancel()
        self.cancel_pressed.emit()
