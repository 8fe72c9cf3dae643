"""The history beside the windows' thread: answers are kept as they come, and come back with their image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.history import History
from medmo_desktop.keeping.record import CaseRecord
from medmo_desktop.machine.jobs import Job, JobRunner


class HistoryKeeper(QObject):
    """Reads and writes the history in a thread of its own, one thing after another. Call `shut_down` at the end.

    Parameters
    ----------
    path : Path
        The database.
    parent : QObject, optional
    """

    #: Key that was asked with, list of `CaseRecord`, oldest first.
    found = Signal(object, list)
    #: A sentence: the history was damaged, or cannot be written.
    problem = Signal(str)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._history: History | None = None
        self._runner = JobRunner(self, threads=1)

    def add(self, make: Callable[[], CaseRecord]) -> None:
        """Keep a record; ``make`` is called in the history's thread."""
        self._run(lambda history: history.add(make()))

    def update_boxes(self, record_id: str, boxes: BoxSet) -> None:
        """Keep what the user made of a record's boxes."""
        self._run(lambda history: history.update_boxes(record_id, boxes))

    def keep_drawn(
        self, record_id: str, boxes: BoxSet, make: Callable[[BoxSet], CaseRecord], *, join: bool = False
    ) -> None:
        """Keep boxes that were drawn without a question; ``make`` is called in the history's thread.

        With ``join``, boxes that are kept already stay beside them: for an image whose boxes did not come back yet.
        """

        def keep(history: History) -> None:
            kept = history.get(record_id) if join else None
            known = {box.id for box in boxes}
            older = () if kept is None else tuple(box for box in kept.boxes if box.id not in known)
            joined = BoxSet((*older, *boxes))
            history.keep_drawn(record_id, joined, lambda: make(joined))

        self._run(keep)

    def find(self, key: object, image_sha256: str, frame: int) -> None:
        """Look for earlier answers about a frame; ``found`` follows."""

        def look(history: History) -> tuple[object, list[CaseRecord]]:
            records = history.for_image(image_sha256)
            of_frame = [one for one in reversed(records) if one.subject is not None and one.subject.frame == frame]
            return key, of_frame

        self._run(look, self._tell_found)

    def _tell_found(self, key_and_records: tuple[object, list[CaseRecord]]) -> None:
        self.found.emit(*key_and_records)

    def clear(self) -> None:
        """Remove everything for good."""
        self._run(lambda history: history.clear())

    def shut_down(self) -> None:
        """Write what waits, and close the file."""
        self._runner.wait()
        self._runner.shut_down()
        if self._history is not None:
            self._history.close()
            self._history = None

    def _run(self, action: Callable[[History], Any], then: Callable[[Any], None] | None = None) -> None:
        job = Job(lambda _control: action(self._opened()))
        if then is not None:
            job.succeeded.connect(then)
        job.failed.connect(self.problem)
        self._runner.start(job)

    def _opened(self) -> History:
        if self._history is None:
            self._history = History(self._path)
            if self._history.notice is not None:
                self.problem.emit(self._history.notice)
        return self._history
