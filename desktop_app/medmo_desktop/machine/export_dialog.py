"""Quantizing a model to 4 bits from the window: what, to which format, under which name, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from medmo_desktop.machine.export_job import (
    ExportFormat,
    ExportOrder,
    ExportResult,
    export_in_process,
    missing_packages,
)
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.machine.models import ModelRow
from medmo_models.directories import models_directory
from medmo_models.library import name_problem
from medmo_runtime.hardware import Machine
from medmo_runtime.memory import readable_bytes

_Control = TypeVar("_Control", bound=QWidget)
_FULL_PRECISION = ("bf16", "fp16", "fp32")


class ExportDialog(QDialog):
    """Asks what to export and runs it in the background; closing the dialog lets it go on."""

    #: `ExportResult`
    exported = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export to 4 bit"))
        self.runner = JobRunner(self)
        self._rows: tuple[ModelRow, ...] = ()
        self._missing = ""
        self.model_box = self._named(QComboBox(), self.tr("Model"), self.tr("The full-precision model to quantize"))
        self.format_box = self._named(QComboBox(), self.tr("Format"), self.tr("How the 4-bit weights are made"))
        formats: tuple[tuple[str, ExportFormat], ...] = (
            (self.tr("ONNX, calibrated (GPTQ weights)"), "onnx-int4"),
            (self.tr("ONNX, rounded to nearest (fast)"), "onnx-int4-rounded"),
            (self.tr("GPTQ"), "gptq"),
            (self.tr("bitsandbytes nf4"), "bnb-nf4"),
            (self.tr("bitsandbytes fp4"), "bnb-fp4"),
        )
        for title, value in formats:
            self.format_box.addItem(title, value)
        self.name_edit = self._named(QLineEdit(), self.tr("Name"), self.tr("Install the result under this name"))
        self.samples_box = self._named(
            QSpinBox(), self.tr("Calibration samples"), self.tr("Generated phantoms that GPTQ calibrates on")
        )
        self.samples_box.setRange(1, 512)
        self.samples_box.setValue(32)
        self.device_box = self._named(QComboBox(), self.tr("Device"), self.tr("Where to quantize"))
        self.device_box.addItem("cpu")
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is missing"))
        self.strip = JobStrip()
        self.start_button = self._named(
            QPushButton(self.tr("&Start")), self.tr("Start the export"), self.tr("Quantize in the background")
        )
        self.close_button = self._named(
            QPushButton(self.tr("&Close")), self.tr("Close"), self.tr("Close; a running export goes on")
        )
        self._lay_out()
        self._connect()
        self._update_start()

    def _named(self, control: _Control, name: str, what: str) -> _Control:
        control.setAccessibleName(name)
        control.setToolTip(what)
        return control

    def _lay_out(self) -> None:
        form = QFormLayout()
        for control in (self.model_box, self.format_box, self.name_edit, self.samples_box, self.device_box):
            form.addRow(control.accessibleName(), control)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.start_button)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(self.strip)
        layout.addLayout(buttons)
        self.resize(560, 300)

    def _connect(self) -> None:
        self.model_box.currentIndexChanged.connect(lambda _index: self._suggest_name())
        self.format_box.currentIndexChanged.connect(lambda _index: self._format_changed())
        self.name_edit.textChanged.connect(lambda _text: self._update_start())
        self.start_button.clicked.connect(self.start)
        self.close_button.clicked.connect(self.hide)

    def set_models(self, rows: Sequence[ModelRow], machine: Machine) -> None:
        """Offer the models that can be quantized, and the machine's devices."""
        self._rows = tuple(row for row in rows if row.model.method in (*_FULL_PRECISION, "gptq"))
        chosen = self.model_box.currentData()
        self.model_box.clear()
        for row in self._rows:
            size = readable_bytes(row.model.size_bytes)
            self.model_box.addItem(f"{row.model.name} ({row.model.method}, {size})", str(row.model.path))
        self.model_box.setCurrentIndex(max(0, self.model_box.findData(chosen)))
        device = self.device_box.currentText()
        self.device_box.clear()
        self.device_box.addItems(machine.torch_devices() or ("cpu",))
        self.device_box.setCurrentIndex(max(0, self.device_box.findText(device)))

    def open_for(self, folder: Path | None) -> None:
        """Show the dialog with a model chosen."""
        if folder is not None and (place := self.model_box.findData(str(folder))) >= 0:
            self.model_box.setCurrentIndex(place)
        self._format_changed()
        self.show()
        self.raise_()
        self.activateWindow()

    def shut_down(self) -> None:
        """Cancel a running export and wait until it is gone."""
        self.runner.shut_down()

    def _format(self) -> ExportFormat:
        chosen: ExportFormat = self.format_box.currentData()
        return chosen

    def _row(self) -> ModelRow | None:
        folder = self.model_box.currentData()
        return next((row for row in self._rows if str(row.model.path) == folder), None)

    def _format_changed(self) -> None:
        self.samples_box.setEnabled(self._format() in ("gptq", "onnx-int4"))
        self._suggest_name()
        wanted = self._format()
        job = Job(lambda _control: missing_packages(wanted))
        job.succeeded.connect(self._show_missing)
        self.runner.start(job)

    def _show_missing(self, missing: str | None) -> None:
        self._missing = missing or ""
        self._update_start()

    def _suggest_name(self) -> None:
        row = self._row()
        if row is not None:
            self.name_edit.setText(f"{row.model.name}-{self._format()}")
        self._update_start()

    def _update_start(self) -> None:
        row = self._row()
        problem = self._missing or name_problem(self.name_edit.text().strip()) or ""
        if row is None:
            problem = self.tr("There is no model to quantize; import a full-precision one first.")
        elif row.model.method == "gptq" and self._format() != "onnx-int4":
            problem = self.tr("A GPTQ model can only be repacked to ONNX, without another rounding.")
        self.problem.setText(problem)
        self.start_button.setEnabled(not problem and not self.strip.running)

    def start(self) -> Job:
        """Start the export that the controls describe."""
        order = ExportOrder(
            checkpoint=Path(self.model_box.currentData()),
            destination=models_directory() / self.name_edit.text().strip(),
            format=self._format(),
            calibration_samples=self.samples_box.value(),
            device=self.device_box.currentText(),
        )
        job = Job(lambda control: export_in_process(order, control))
        self.strip.follow(job, self.tr("Exporting {0}").format(order.destination.name))
        self.start_button.setEnabled(False)
        job.succeeded.connect(self._done)
        job.finished.connect(self._update_start)
        return self.runner.start(job)

    def _done(self, result: ExportResult) -> None:
        text = self.tr("{0} is installed: {1:.2f} bits per weight, {2}.").format(
            result.path.name, result.bits_per_weight, readable_bytes(result.size_bytes)
        )
        if result.mean_kld is not None and result.top1 is not None:
            text += " " + self.tr("Against its source: mean KLD {0:.4f}, same most probable token {1:.1%}.").format(
                result.mean_kld, result.top1
            )
        self.strip.say(text)
        self.exported.emit(result)
