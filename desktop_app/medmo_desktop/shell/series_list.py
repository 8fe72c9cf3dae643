"""The open series with their thumbnails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.study.model import Series
from medmo_desktop.study.reading import read_frame

_SIDE = 96
_ID = Qt.ItemDataRole.UserRole


class SeriesList(QListWidget):
    """A row per series; thumbnails are made in the background, one after another.

    Parameters
    ----------
    runner : JobRunner
    parent : QWidget, optional
    """

    #: `Series` to show
    chosen = Signal(object)

    def __init__(self, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._series: dict[str, Series] = {}
        self.setAccessibleName(self.tr("Open series"))
        self.setToolTip(self.tr("The series that are open; choose one to look at it"))
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setWordWrap(True)
        self.setSpacing(2)
        self.currentItemChanged.connect(self._choose)

    @property
    def series(self) -> tuple[Series, ...]:
        """All, in order."""
        return tuple(self._series.values())

    @property
    def current(self) -> Series | None:
        """The one that is chosen."""
        item = self.currentItem()
        return None if item is None else self._series[item.data(_ID)]

    def add(self, found: tuple[Series, ...]) -> None:
        """Add series, those that are there already aside, and choose the first of them."""
        for one in found:
            if one.id not in self._series:
                self._series[one.id] = one
                self._add_row(one)
        if found:
            self.choose(found[0].id)

    def choose(self, series_id: str) -> None:
        """Choose a series by its id."""
        for row in range(self.count()):
            if self.item(row).data(_ID) == series_id:
                self.setCurrentRow(row)

    def step(self, rows: int) -> None:
        """Choose the next or the previous one."""
        if self.count():
            self.setCurrentRow(min(max(self.currentRow() + rows, 0), self.count() - 1))

    def remove_current(self) -> None:
        """Take the chosen series off the list."""
        row = self.currentRow()
        if row >= 0:
            item = self.item(row)
            del self._series[item.data(_ID)]
            self.takeItem(row)

    def _add_row(self, one: Series) -> None:
        count = self.tr("%n image(s)", "", len(one.frames))
        lines = [one.title, ", ".join(part for part in (one.modality, count) if part)]
        item = QListWidgetItem("\n".join(lines))
        item.setData(_ID, one.id)
        item.setToolTip("\n".join(lines))
        blank = QPixmap(_SIDE, _SIDE)
        blank.fill(Qt.GlobalColor.transparent)
        item.setIcon(QIcon(blank))
        self.addItem(item)
        middle = one.frames[len(one.frames) // 2]

        def work(control: JobControl) -> NDArray[np.uint8]:
            control.check()
            return thumbnail(read_frame(middle).shown_by_default)

        job = Job(work)
        job.succeeded.connect(lambda pixels: self._take(one.id, pixels))
        self._runner.start(job)

    def _take(self, series_id: str, pixels: NDArray[np.uint8]) -> None:
        for row in range(self.count()):
            if self.item(row).data(_ID) == series_id:
                height, width, _ = pixels.shape
                image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
                self.item(row).setIcon(QIcon(QPixmap.fromImage(image)))

    def _choose(self, item: QListWidgetItem | None) -> None:
        self.chosen.emit(None if item is None else self._series[item.data(_ID)])


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return RGB pixels shrunk to fit a square, in its middle on black, shape (96, 96, 3)."""
    small = Image.fromarray(pixels)
    small.thumbnail((_SIDE, _SIDE))
    square = Image.new("RGB", (_SIDE, _SIDE))
    square.paste(small, ((_SIDE - small.width) // 2, (_SIDE - small.height) // 2))
    return np.asarray(square)
