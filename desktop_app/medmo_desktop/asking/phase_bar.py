"""The phases of an answer with their times."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from medmo_desktop.asking.requests import AskResult

_TICK_MS = 100
#: Reading the image's file is part of no phase of the model, but may take long on a slow disk.
_SHOWN = ("load", "read", "vision", "prefill", "decode")


class PhaseBar(QWidget):
    """One field per phase: what is done, what runs, what it took.

    Signs say it, not colour: a tick before a phase that is done, an arrow before the one that runs.
    """

    #: Tokens so far and tokens per second, while an answer is written.
    written = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Phases of the answer"))
        self._titles = {
            "load": self.tr("Load"),
            "read": self.tr("Image"),
            "vision": self.tr("Vision"),
            "prefill": self.tr("Prefill"),
            "decode": self.tr("Decode"),
        }
        tips = {
            "load": self.tr("Loading the model, unless it is loaded"),
            "read": self.tr("Reading the image and preparing it for the model"),
            "vision": self.tr("Encoding the image; nothing to do for an image that was encoded before"),
            "prefill": self.tr("Reading the prompt, up to the first token of the answer"),
            "decode": self.tr("Writing the answer, token by token"),
        }
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._fields: dict[str, QLabel] = {}
        for name in _SHOWN:
            field = QLabel(self._titles[name])
            field.setFrameShape(QFrame.Shape.StyledPanel)
            field.setToolTip(tips[name])
            field.setAccessibleName(self._titles[name])
            self._fields[name] = field
            layout.addWidget(field, 1)
        self._began: tuple[str, float] | None = None
        self._tokens, self._first_token = 0, 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def running(self) -> str | None:
        """The phase that runs."""
        return None if self._began is None else self._began[0]

    def reset(self) -> None:
        """Show that nothing has begun."""
        self._stop()
        for name, field in self._fields.items():
            self._show(field, self._titles[name], bold=False)

    def begin(self, name: str) -> None:
        """Show that a phase begins, which ends the one before."""
        self._stop()
        self._tokens = 0
        self._began = (name, time.perf_counter())
        self._timer.start()
        self._tick()

    def count_piece(self) -> None:
        """Note a piece of the answer: a token, save where a character is made of several."""
        self._tokens += 1
        if self._tokens == 1:
            self._first_token = time.perf_counter()

    def finish(self) -> None:
        """Show that the last phase ended."""
        self._stop()

    def show_result(self, result: AskResult) -> None:
        """Show the times of a finished answer: the model's own where it measured them."""
        self.reset()
        stats = result.answer.stats
        for phase in result.phases:
            measured = {"vision": stats.vision_s, "prefill": stats.prefill_s}.get(phase.name, phase.seconds)
            self._done(phase.name, measured)

    def text(self, name: str) -> str:
        """Return what a phase's field says."""
        return self._fields[name].text()

    def _stop(self) -> None:
        self._timer.stop()
        if self._began is not None:
            name, since = self._began
            self._began = None
            self._done(name, time.perf_counter() - since)

    def _done(self, name: str, seconds: float) -> None:
        self._show(self._fields[name], f"✓ {self._titles[name]} {seconds:.2f} s", bold=False)

    def _tick(self) -> None:
        if self._began is not None:
            name, since = self._began
            now = time.perf_counter()
            self._show(self._fields[name], f"▶ {self._titles[name]} {now - since:.1f} s", bold=True)
            # As `AnswerStats` counts: the first token is the prefill's.
            if self._tokens > 1:
                self.written.emit(self._tokens, (self._tokens - 1) / max(now - self._first_token, 1e-3))

    @staticmethod
    def _show(field: QLabel, text: str, *, bold: bool) -> None:
        font = field.font()
        if font.bold() != bold:
            font.setBold(bold)
            field.setFont(font)
        field.setText(text)
