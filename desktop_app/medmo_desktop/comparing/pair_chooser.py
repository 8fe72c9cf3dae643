"""Which two models are compared: both choosers, what they offer, and folders that the user picks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from medmo_desktop.comparing.chooser import SideChooser
from medmo_desktop.comparing.offers import Offer, list_offers, offer_folder
from medmo_desktop.comparing.sides import Side
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner


class PairChooser(QWidget):
    """A `SideChooser` for each side, filled in the background.

    Parameters
    ----------
    names : tuple of str
        Of the two sides.
    runner : JobRunner
    strip : JobStrip
        Tells how the reading of a picked folder goes.
    """

    changed = Signal()

    def __init__(self, names: tuple[str, str], runner: JobRunner, strip: JobStrip) -> None:
        super().__init__()
        self._runner, self._strip = runner, strip
        self._picked: list[Offer] = []
        self.choosers = (SideChooser(names[0]), SideChooser(names[1]))
        layout = QVBoxLayout(self)  # side by side they would hold a small window open
        layout.setContentsMargins(0, 0, 0, 0)
        for number, chooser in enumerate(self.choosers):
            layout.addWidget(chooser)
            chooser.changed.connect(self.changed)
            chooser.folder_wanted.connect(partial(self.ask_for_folder, number))

    def sides(self) -> tuple[Side, Side] | None:
        """Return both choices, None while one is missing."""
        first, second = (chooser.side() for chooser in self.choosers)
        return None if first is None or second is None else (first, second)

    def refresh(self) -> None:
        """Look again what there is, in the background."""
        job = Job(lambda _control: list_offers())
        job.succeeded.connect(self.set_offers)
        self._runner.start(job)

    def set_offers(self, offers: list[Offer]) -> None:
        """Offer models on both sides, different ones where there are two; picked folders stay."""
        for number, chooser in enumerate(self.choosers):
            chooser.set_offers([*offers, *self._picked], number)

    def ask_for_folder(self, number: int) -> None:
        """Let the user pick a folder whose model one side is asked on."""
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of an artifact or a checkpoint"))
        if folder:
            self.add_folder(Path(folder), number)

    def add_folder(self, folder: Path, number: int) -> Job:
        """Offer the model of a folder on both sides and choose it on one; the library stays as it is."""
        job = Job(lambda _control: offer_folder(folder))
        self._strip.follow(job, self.tr("Reading the folder"))
        job.succeeded.connect(partial(self._take_folder, number))
        return self._runner.start(job)

    def _take_folder(self, number: int, offer: Offer) -> None:
        self._picked.append(offer)
        for place, chooser in enumerate(self.choosers):
            chooser.add(offer, choose=place == number)
