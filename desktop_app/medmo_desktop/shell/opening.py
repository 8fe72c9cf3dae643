"""Opening files and folders: dialogs, recent ones, dropped ones; reading happens in the background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.shell.settings import ViewerSettings
from medmo_desktop.study.opening import OpenedPaths, open_paths
from medmo_models.errors import CancelledError


class Opening(QObject):
    """Finds the series of what the user wants to open.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    runner : JobRunner
    strip : JobStrip
        Shows progress and cancels.
    settings : ViewerSettings
        Keeps the recent paths.
    """

    #: `OpenedPaths`
    found = Signal(object)
    #: Sentences about what could not be read.
    problems = Signal(list)

    def __init__(self, window: QWidget, runner: JobRunner, strip: JobStrip, settings: ViewerSettings) -> None:
        super().__init__(window)
        self._window, self._runner, self._strip, self._settings = window, runner, strip, settings

    def open(self, paths: Sequence[Path], remember: bool = True) -> None:
        """Open files and folders."""
        if not paths:
            return
        if remember:
            for path in reversed(paths):
                self._settings.remember_recent(str(path))

        def work(control: JobControl) -> OpenedPaths:
            def progress(done: int, total: int) -> None:
                if not control.cancelled:
                    control.report(self.tr("{0} of {1} files").format(done, total), done, total)

            opened = open_paths(paths, progress, lambda: control.cancelled)
            if opened.cancelled:
                raise CancelledError("Cancelled.")
            return opened

        job = Job(work)
        self._strip.follow(job, self.tr("Opening"))
        job.succeeded.connect(self._take)  # after the strip, which forgets what it said when a job has ended
        self._runner.start(job)

    def ask_for_files(self) -> None:
        """Let the user choose files."""
        names, _ = QFileDialog.getOpenFileNames(self._window, self.tr("Open images"))
        self.open([Path(name) for name in names])

    def ask_for_folder(self) -> None:
        """Let the user choose a folder."""
        name = QFileDialog.getExistingDirectory(self._window, self.tr("Open a folder"))
        if name:
            self.open([Path(name)])

    def fill_recent(self, menu: QMenu) -> None:
        """Put the recent paths into a menu."""
        menu.clear()
        for number, path in enumerate(self._settings.recent, 1):
            action = menu.addAction(f"&{number % 10} {path}")
            action.triggered.connect(lambda _checked=False, path=path: self.open([Path(path)]))
        menu.addSeparator()
        forget = menu.addAction(self.tr("&Forget these"))
        forget.setEnabled(bool(self._settings.recent))
        forget.triggered.connect(self._settings.forget_recent)

    def _take(self, opened: OpenedPaths) -> None:
        self.found.emit(opened)
        problems = list(opened.problems)
        if not opened.series and not problems:
            problems.append(self.tr("There is no image in what you opened."))
        if problems:
            self.problems.emit(problems)


def dropped_paths(data: QMimeData) -> list[Path]:
    """Return the local files and folders in what is dragged over the window."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
