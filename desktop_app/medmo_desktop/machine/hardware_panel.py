"""What this machine is, with the source of each fact, and which backend answers here and why."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from medmo_desktop.machine.hardware import describe_machine
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.machine.table import RowTable
from medmo_runtime.hardware import Machine, probe_machine
from medmo_runtime.memory import readable_bytes
from medmo_runtime.worker.protocol import CandidateSummary, Opened, shortage_words


class MachinePanel(QWidget):
    """The probe's facts and the chosen backend. Call `shut_down` before it goes away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self._loaded = False
        self.facts = RowTable(
            [self.tr("Part"), self.tr("Fact"), self.tr("Value"), self.tr("Source")], self.tr("Facts of this machine"), 2
        )
        self.choice = QLabel(self.tr("No model is loaded yet; the first question chooses a backend."))
        self.choice.setWordWrap(True)
        self.choice.setAccessibleName(self.tr("The chosen backend and why"))
        self.candidates = RowTable(
            [self.tr("Candidate"), self.tr("Needs"), self.tr("Missing"), self.tr("Measured"), self.tr("Remarks")],
            self.tr("Backends that were considered"),
            4,
        )
        self.refresh_button = QPushButton(self.tr("&Refresh"))
        self.refresh_button.setToolTip(self.tr("Ask the machine again; takes up to a second"))
        self.refresh_button.setAccessibleName(self.tr("Refresh"))
        self.refresh_button.clicked.connect(self.refresh)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.refresh_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.choice)
        layout.addWidget(self.candidates, 1)
        layout.addWidget(self.facts, 2)
        layout.addLayout(buttons)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Probe when it is shown for the first time."""
        super().showEvent(event)
        if not self._loaded:
            self.refresh()

    def refresh(self) -> None:
        """Probe the machine again, in the background."""
        self._loaded = True
        job = Job(lambda _control: probe_machine())
        job.succeeded.connect(self.show_machine)
        self.runner.start(job)

    def shut_down(self) -> None:
        """Wait for a probe that runs."""
        self.runner.shut_down()

    def show_machine(self, machine: Machine) -> None:
        """Show a machine's facts."""
        self.facts.show_rows([(fact.part, fact.name, fact.value, fact.source) for fact in describe_machine(machine)])

    def show_choice(self, opened: Opened) -> None:
        """Show what was loaded and why, and what else was considered."""
        given_up = "".join(self.tr(" To fit, {0}.").format(text) for text in opened.given_up)
        text = self.tr("{0} ({1}): {2}.").format(opened.title, opened.dtype, opened.reason)
        self.choice.setText(text + given_up)
        self.candidates.show_rows([self._cells(row) for row in opened.candidates])

    def _cells(self, row: CandidateSummary) -> list[str]:
        speed = row.decode_tokens_per_s
        return [
            row.title,
            "-" if row.needs_bytes is None else readable_bytes(row.needs_bytes),
            shortage_words(row),
            self.tr("not measured") if speed is None else self.tr("{0:.0f} tokens/s").format(speed),
            row.problem or "; ".join(row.given_up) or self.tr("can run"),
        ]
