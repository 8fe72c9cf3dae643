"""The export commands: a file name from the user, then the work in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from medmo_desktop.asking.conversations import AnsweredTurn
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.asking.requests import read_image
from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.keeping.case_file import save_case
from medmo_desktop.keeping.deidentify import Deidentifier, burned_in_warning
from medmo_desktop.keeping.exports.coco import export_coco
from medmo_desktop.keeping.exports.dicom_gsps import export_dicom_gsps
from medmo_desktop.keeping.exports.dicom_source import read_header
from medmo_desktop.keeping.exports.dicom_sr import export_dicom_sr
from medmo_desktop.keeping.exports.json_export import export_json
from medmo_desktop.keeping.exports.png import export_png
from medmo_desktop.keeping.record import CaseRecord
from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.shell.asking_bridge import AskingBridge
from medmo_desktop.shell.records import DrawnBoxes, Origins, drawn_record, record_images, turn_record
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage

ReadImages = Callable[[], tuple[LoadedImage, ...]]


@dataclass(frozen=True)
class ExportKind:
    """One kind of export: its command, the file's ending, and a file filter for the dialog."""

    command: str
    suffix: str
    filter: str


EXPORTS = (
    ExportKind("export-png", ".png", "PNG (*.png)"),
    ExportKind("export-json", ".json", "JSON (*.json)"),
    ExportKind("export-coco", ".coco.json", "COCO (*.json)"),
    ExportKind("export-sr", ".dcm", "DICOM (*.dcm)"),
    ExportKind("export-sr-anonymous", ".dcm", "DICOM (*.dcm)"),
    ExportKind("export-gsps", ".dcm", "DICOM (*.dcm)"),
    ExportKind("save-case", ".medmocase", "MedMO case (*.medmocase)"),
)


class Exporting(QObject):
    """Writes the answer that is shown, with its boxes as they are now; without an answer, the boxes that were drawn.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    panel : AskPanel
    runner : JobRunner
    strip : JobStrip
    bridge : AskingBridge
        Knows where images came from, and answers of earlier sessions.
    """

    #: The file that was written.
    exported = Signal(object)

    def __init__(
        self, window: QWidget, panel: AskPanel, runner: JobRunner, strip: JobStrip, bridge: AskingBridge
    ) -> None:
        super().__init__(window)
        self._window, self._panel, self._runner, self._strip, self._bridge = window, panel, runner, strip, bridge

    def ask_where(self, kind: ExportKind) -> None:
        """Let the user choose a file and write it."""
        if self._subject() is None:
            self._strip.say(self.tr("There is nothing to export yet: ask about the image, or draw a box on it."))
            return
        # The suggested name is not made of the image's: a file's name may be a patient's.
        name, _ = QFileDialog.getSaveFileName(self._window, self.tr("Export"), f"medmo{kind.suffix}", kind.filter)
        if name:
            self.export(kind.command, Path(name))

    def export(self, command: str, path: Path) -> Job | None:
        """Write one kind of export in the background; None if there is neither an answer nor a box."""
        subject = self._subject()
        if subject is None:
            return None
        origins, earlier, view = dict(self._bridge.origins), dict(self._bridge.earlier), self._bridge.shown_view

        def work(_control: JobControl) -> tuple[Path, str]:
            return path, write(command, path, subject, origins, earlier, view)

        job = Job(work)
        self._strip.follow(job, self.tr("Exporting"))
        job.succeeded.connect(self._tell)
        self._runner.start(job)
        return job

    def _subject(self) -> AnsweredTurn | DrawnBoxes | None:
        turn, drawn = self._panel.current_turn, self._bridge.drawn_now
        if turn is not None:
            return turn
        return drawn if drawn is not None and drawn.boxes.boxes else None

    def _tell(self, written: tuple[Path, str]) -> None:
        path, warning = written
        self._strip.say(" ".join([self.tr("Saved {0}.").format(path.name), warning]).strip())
        self.exported.emit(path)


def write(
    command: str,
    path: Path,
    subject: AnsweredTurn | DrawnBoxes,
    origins: Origins,
    earlier: dict[str, CaseRecord] | None = None,
    view: ViewGeometry | None = None,
) -> str:
    """Write one kind of export; errors as the exports of `medmo_desktop.keeping`.

    ``view`` is of the turn's image, and needed for ``export-gsps`` alone.

    Returns
    -------
    str
        A warning about text in the pixels, where pixels were written; else empty.
    """
    record, read_images = _case(subject, origins, earlier or {})
    if command == "export-json":
        export_json(path, record)
    elif command == "export-coco":
        export_coco(path, record)
    elif command in ("export-sr", "export-sr-anonymous"):
        deidentifier = Deidentifier() if command == "export-sr-anonymous" else None
        export_dicom_sr(path, record, _dicom_file(record), deidentifier=deidentifier)
    elif command == "export-gsps":
        if view is None:
            raise InputError("There is no image on screen whose view could be saved.")
        export_dicom_gsps(path, record, _dicom_file(record), view)
    elif command == "save-case":
        save_case(path, record, read_images())
    else:
        _export_png(path, record, read_images)
    return _warning(record) if command in ("save-case", "export-png") else ""


def _case(
    subject: AnsweredTurn | DrawnBoxes, origins: Origins, earlier: dict[str, CaseRecord]
) -> tuple[CaseRecord, ReadImages]:
    """Return what is exported as a record, and what reads its images."""
    if isinstance(subject, DrawnBoxes):
        image = subject.image
        return drawn_record(subject, origins), lambda: (read_image(image.source),)
    result = subject.result
    known = earlier.get(result.request.id)
    record = turn_record(subject, origins) if known is None else replace(known, boxes=subject.boxes)
    return record, lambda: record_images(record, result)


def _dicom_file(record: CaseRecord) -> Path:
    subject = record.subject
    if subject is None or subject.path is None:
        raise InputError("A DICOM export needs the image's file, and this answer does not say where it is.")
    return Path(subject.path)


def _warning(record: CaseRecord) -> str:
    subject = record.subject
    if subject is None:
        return ""
    is_dicom = subject.source_format == "DICOM" and subject.path is not None and Path(subject.path).exists()
    return burned_in_warning(read_header(Path(str(subject.path))) if is_dicom else None) or ""


def _export_png(path: Path, record: CaseRecord, read_images: ReadImages) -> None:
    subject = record.subject
    if subject is None:
        raise InputError("This question was asked without an image, so there is no picture to export.")
    export_png(path, record, read_images()[record.images.index(subject)])
