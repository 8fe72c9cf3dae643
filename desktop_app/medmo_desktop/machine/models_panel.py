"""What is installed, whether it fits, and what can be done with it: use, import, verify, export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.export_dialog import ExportDialog
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner, Work
from medmo_desktop.machine.models import FitVerdict, ModelRow, describe_models, fit_words
from medmo_desktop.machine.table import RowTable
from medmo_models.artifact import verify_artifact
from medmo_models.artifact.manifest import MANIFEST_NAME
from medmo_models.errors import InputError
from medmo_models.library import import_model
from medmo_runtime.hardware import Machine, probe_machine
from medmo_runtime.memory import readable_bytes

_SIDES = (1280, 1024, 768, 512)


class ModelsPanel(QWidget):
    """The installed models with their verdicts. Call `refresh` to look again, `shut_down` before it goes away."""

    #: Folders of the artifacts to use (list of str), and whether the user wants them against the memory prediction.
    model_chosen = Signal(list, bool)
    #: The rows (tuple of `ModelRow`) after every look, also after an import or export.
    models_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self._rows: tuple[ModelRow, ...] = ()
        self._active: str | None = None
        self._loaded = False
        self._looking: Job | None = None
        self.machine: Machine | None = None
        self.table = RowTable(
            [
                self.tr("In use"),
                self.tr("Name"),
                self.tr("Model"),
                self.tr("Method"),
                self.tr("Bits per weight"),
                self.tr("Size"),
                self.tr("Will it fit?"),
                self.tr("Why"),
            ],
            self.tr("Installed models"),
            7,
        )
        self.size_box = QComboBox()
        self.size_box.setAccessibleName(self.tr("Largest image for the memory prediction"))
        self.size_box.setToolTip(self.tr("Memory is predicted for an image of this area"))
        self.size_box.addItem(self.tr("the model's largest image"), None)
        for side in _SIDES:
            self.size_box.addItem(self.tr("{0} x {0} pixels").format(side), side * side)
        self.use_button = self._button(self.tr("&Use"), self.tr("Answer questions with this model from now on"))
        self.anyway_button = self._button(
            self.tr("Use any&way"), self.tr("Use this model although memory is predicted to run out")
        )
        self.import_button = self._button(
            self.tr("&Import..."), self.tr("Copy a model from a folder or a USB stick and check every byte")
        )
        self.verify_button = self._button(
            self.tr("&Verify"), self.tr("Read every byte of this model and compare it with its manifest")
        )
        self.export_button = self._button(
            self.tr("E&xport to 4 bit..."), self.tr("Quantize a full-precision model in the background")
        )
        self.refresh_button = self._button(self.tr("&Refresh"), self.tr("Look again at models and free memory"))
        self.details = QLabel()
        self.details.setWordWrap(True)
        self.details.setAccessibleName(self.tr("The selected model"))
        self.strip = JobStrip()
        self.export_dialog = ExportDialog(self)
        self._lay_out()
        self._connect()
        self._show_selection()

    def _button(self, text: str, what: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(what)
        button.setAccessibleName(text.replace("&", ""))
        button.setAccessibleDescription(what)
        return button

    def _lay_out(self) -> None:
        size_label = QLabel(self.tr("Predict memory for"))
        size_label.setBuddy(self.size_box)
        top = QHBoxLayout()
        top.addWidget(size_label)
        top.addWidget(self.size_box)
        top.addStretch(1)
        top.addWidget(self.refresh_button)
        buttons = QHBoxLayout()
        for button in (self.use_button, self.anyway_button, self.verify_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for button in (self.import_button, self.export_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.details)
        layout.addLayout(buttons)
        layout.addWidget(self.strip)

    def _connect(self) -> None:
        self.table.itemSelectionChanged.connect(self._show_selection)
        self.table.itemActivated.connect(lambda _item: self._use(anyway=False))
        self.size_box.currentIndexChanged.connect(lambda _index: self.refresh())
        self.use_button.clicked.connect(lambda: self._use(anyway=False))
        self.anyway_button.clicked.connect(lambda: self._use(anyway=True))
        self.import_button.clicked.connect(self._choose_import)
        self.verify_button.clicked.connect(self._verify)
        self.refresh_button.clicked.connect(self.refresh)
        self.export_button.clicked.connect(self._open_export)
        self.export_dialog.exported.connect(lambda _result: self.refresh())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Look for models when it is shown for the first time."""
        super().showEvent(event)
        if not self._loaded:
            self.refresh()

    def shut_down(self) -> None:
        """Cancel and wait for everything in the background."""
        self.export_dialog.shut_down()
        self.runner.shut_down()

    @property
    def rows(self) -> tuple[ModelRow, ...]:
        """What is shown."""
        return self._rows

    def set_active(self, folder: str | None) -> None:
        """Mark the model in use."""
        self._active = folder
        self._fill()

    def refresh(self) -> None:
        """Probe the machine and judge every installed model again, in the background."""
        self._loaded = True
        max_pixels = self.size_box.currentData()

        def look(control: JobControl) -> tuple[Machine, tuple[ModelRow, ...]]:
            machine = probe_machine()
            return machine, describe_models(machine, max_pixels, control.check)

        if self._looking is not None:
            self._looking.cancel()  # an older answer must not come after a newer one
        self._looking = job = Job(look)
        job.succeeded.connect(self._take)
        job.failed.connect(self.strip.say)
        self.runner.start(job)

    def _take(self, found: tuple[Machine, tuple[ModelRow, ...]]) -> None:
        self.machine, self._rows = found
        self._fill()
        self.export_dialog.set_models(self._rows, self.machine)
        self.models_changed.emit(self._rows)

    def _fill(self) -> None:
        selected = self.table.selected_row()
        self.table.show_rows([self._cells(row) for row in self._rows])
        if self._rows:
            self.table.selectRow(min(selected or 0, len(self._rows) - 1))
        self._show_selection()

    def _cells(self, row: ModelRow) -> list[str]:
        model = row.model
        bits = "" if model.bits_per_weight is None else f"{model.bits_per_weight:.2f}"
        return [
            "\N{CHECK MARK}" if str(model.path) == self._active else "",
            model.name,
            model.spec_id or "",
            model.method or "",
            bits,
            readable_bytes(model.size_bytes),
            self._verdict_words(row.fit),
            fit_words(row.fit),
        ]

    def _verdict_words(self, fit: FitVerdict) -> str:
        return {
            "fits": self.tr("yes"),
            "tight": self.tr("yes, with less"),
            "too-large": self.tr("NO, too large"),
            "cannot-run": self.tr("NO backend"),
            "broken": self.tr("BROKEN"),
        }[fit.verdict]

    def _selected(self) -> ModelRow | None:
        number = self.table.selected_row()
        return None if number is None or number >= len(self._rows) else self._rows[number]

    def _show_selection(self) -> None:
        row = self._selected()
        self.use_button.setEnabled(row is not None and row.fit.verdict in ("fits", "tight"))
        self.anyway_button.setEnabled(row is not None and row.can_be_forced)
        self.verify_button.setEnabled(row is not None and row.fit.verdict != "broken")
        if row is None:
            self.details.setText(self.tr("No model is selected."))
            return
        backend = f", {row.fit.title}" if row.fit.title else ""
        self.details.setText(f"{row.model.name}{backend}: {row.fit.reason}")

    def _use(self, *, anyway: bool) -> None:
        row = self._selected()
        if row is None or not (row.can_be_forced if anyway else self.use_button.isEnabled()):
            return
        self.set_active(str(row.model.path))
        self.model_chosen.emit([str(row.model.path)], anyway)

    def _choose_import(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of an artifact or a checkpoint"))
        if not folder:
            return
        name, accepted = QInputDialog.getText(
            self, self.tr("Import a model"), self.tr("Install it under the name"), text=Path(folder).name
        )
        if accepted:
            self.import_from(Path(folder), name.strip())

    def import_from(self, folder: Path, name: str | None = None) -> Job:
        """Import a model in the background; a cancelled import goes on where it stopped the next time."""

        def work(control: JobControl) -> str:
            phase = self.tr("copying and checking")
            return import_model(folder, name, lambda done, total: control.report(phase, done, total)).path.name

        job = self._start(work, self.tr("Importing {0}").format(name or folder.name))
        job.succeeded.connect(self._imported)
        return job

    def _imported(self, name: str) -> None:
        self.strip.say(self.tr("{0} is installed; every file's SHA-256 is right.").format(name))
        self.refresh()

    def _verify(self) -> None:
        row = self._selected()
        if row is not None:
            self.verify(row.model.path)

    def verify(self, folder: Path) -> Job:
        """Read every byte of a model in the background and say whether it is whole."""

        def work(control: JobControl) -> str:
            if not (folder / MANIFEST_NAME).is_file():
                raise InputError(f"{folder.name} has no manifest to compare with; import it to get one.")
            phase = self.tr("reading every byte")
            problems = verify_artifact(folder, lambda done, total: control.report(phase, done, total))
            if problems:
                raise InputError(" ".join(problems))
            return self.tr("{0}: every file is as its manifest says.").format(folder.name)

        job = self._start(work, self.tr("Verifying {0}").format(folder.name))
        job.succeeded.connect(self.strip.say)
        return job

    def _start(self, work: Work, title: str) -> Job:
        job = Job(work)
        self.strip.follow(job, title)
        for button in (self.import_button, self.verify_button):
            button.setEnabled(False)
        job.finished.connect(self._released)
        return self.runner.start(job)

    def _released(self) -> None:
        self.import_button.setEnabled(True)
        self._show_selection()

    def _open_export(self) -> None:
        row = self._selected()
        self.export_dialog.open_for(None if row is None else row.model.path)
