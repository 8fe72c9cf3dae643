"""Work off the GUI thread: a job reports progress, ends in exactly one way, and can be cancelled."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QRunnable, QThreadPool, Signal

from medmo_desktop.machine.control import JobControl
from medmo_models.errors import CancelledError, MedMOError

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT_MS = 15_000


#: What a job does, in its own thread: its return value is the result. A `MedMOError` becomes the job's error.
Work = Callable[[JobControl], Any]


class Job(QObject):
    """One piece of work in a thread of its own. The signals arrive in the thread that made the job.

    One of ``succeeded``, ``failed`` and ``cancelled`` is emitted, then ``finished``.
    """

    #: Phase in words, done, total (0: unknown). Python integers: bytes do not fit Qt's int.
    progressed = Signal(str, object, object)
    #: What the work returned.
    succeeded = Signal(object)
    #: One sentence.
    failed = Signal(str)
    cancelled = Signal()
    finished = Signal()
    _ended = Signal(str, object)

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self._silent = False
        self._control = JobControl(self.progressed.emit)
        self._ended.connect(self._tell)

    def cancel(self) -> None:
        """Ask the work to stop; ``cancelled`` follows when it has."""
        self._control.cancel()

    def run(self) -> None:
        """Do the work; called in the job's thread."""
        try:
            result = self._work(self._control)
        except CancelledError:
            self._ended.emit("cancelled", None)
        except MedMOError as error:
            self._ended.emit("cancelled" if self._control.cancelled else "failed", str(error))
        except Exception as error:
            # The log may be sent to somebody: neither arguments nor texts of unknown errors, which can name files.
            _LOG.error("a background job failed with %s", type(error).__name__)
            self._ended.emit("failed", f"MedMO Edge made a mistake ({type(error).__name__}); please report it.")
        else:
            self._ended.emit("succeeded", result)

    def silence(self) -> None:
        """Tell nobody any more: whoever listened goes away."""
        self._silent = True

    def _tell(self, how: str, value: object) -> None:
        if self._silent:
            return
        # Emitted in the thread that made the job, so that the result is not read after it was thrown away.
        if how == "succeeded":
            self.succeeded.emit(value)
        elif how == "failed":
            self.failed.emit(value)
        else:
            self.cancelled.emit()
        self.finished.emit()


class _Runnable(QRunnable):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def run(self) -> None:
        self._job.run()


class JobRunner(QObject):
    """Starts jobs in threads that wait for nobody else's work. Call `shut_down` before it goes away.

    Parameters
    ----------
    parent : QObject, optional
    threads : int
        Jobs that run at once; further ones wait.
    """

    def __init__(self, parent: QObject | None = None, threads: int = 2) -> None:
        super().__init__(parent)
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)
        self._jobs: set[Job] = set()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.shut_down)

    @property
    def busy(self) -> bool:
        """Whether any job has not ended."""
        return bool(self._jobs)

    def start(self, job: Job) -> Job:
        """Start a job, after its signals were connected, and keep it until it has ended."""
        self._jobs.add(job)
        job.finished.connect(lambda: self._jobs.discard(job))
        self._pool.start(_Runnable(job))
        return job

    def cancel_all(self) -> None:
        """Cancel every job."""
        for job in tuple(self._jobs):
            job.cancel()

    def wait(self) -> None:
        """Wait until every job has ended by itself."""
        self._pool.waitForDone(_LONGEST_WAIT_MS)

    def shut_down(self) -> None:
        """Cancel every job and wait until their threads have ended; their signals no longer arrive."""
        self.cancel_all()
        self._pool.waitForDone(_LONGEST_WAIT_MS)
        # What was emitted waits in the event loop, and may arrive after the listeners were destroyed.
        for job in tuple(self._jobs):
            job.silence()
        self._jobs.clear()
