"""The model's side of the viewer: what runs in the thread that owns the worker process and may block."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from medmo_desktop.asking.requests import AskRequest, AskResult, Failure, PhaseTime, SeenImages, read_image
from medmo_models.errors import CannotRunError, InputError, MedMOError, OutOfMemoryError, ProcessDiedError
from medmo_runtime.generation import StopSignal
from medmo_runtime.worker import OpenRequest, WorkerSession
from medmo_runtime.worker.protocol import Opened

Activity = Literal["idle", "opening", "preparing", "answering"]


@dataclass(frozen=True, eq=False)
class PrepareJob:
    """Images to encode ahead; ``is_wanted`` is asked just before, because the user may have scrolled on."""

    request: AskRequest
    is_wanted: Callable[[], bool]


class PhaseClock:
    """Notes when phases begin and how long they took.

    Parameters
    ----------
    announce : callable
        Told the name of each phase as it begins.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._began: list[tuple[str, float]] = []

    def begin(self, name: str) -> None:
        """Begin a phase, which ends the one before."""
        self._began.append((name, time.perf_counter()))
        self._announce(name)

    def end(self) -> tuple[PhaseTime, ...]:
        """Return all phases, the last one ending now."""
        ends = [*(moment for _, moment in self._began[1:]), time.perf_counter()]
        return tuple(PhaseTime(name, end - start) for (name, start), end in zip(self._began, ends, strict=True))


class Inference(QObject):
    """Owns the `WorkerSession`. Its slots run one after another, in the order in which they were asked for.

    Parameters
    ----------
    closing : threading.Event
        Once set, nothing is begun any more.
    """

    activity_changed = Signal(str)
    #: `Opened`
    opened = Signal(object)
    #: `AskRequest`
    started = Signal(object)
    phase = Signal(str)
    text = Signal(str)
    #: `AskResult`
    answered = Signal(object)
    #: `AskRequest` or None for a model that cannot be opened, and `Failure`
    failed = Signal(object, object)
    notice = Signal(str)
    #: The target's kind; the worker's guard refused it.
    network_attempted = Signal(str)
    #: `SeenImages`
    seen = Signal(object)

    def __init__(self, closing: threading.Event) -> None:
        super().__init__()
        self._closing = closing
        self._told: Opened | None = None
        self.session: WorkerSession | None = None

    @Slot(object)
    def open(self, request: OpenRequest) -> None:
        """Load a model in place of the one before."""

        def replace_session() -> None:
            if self.session is not None:
                self.session.kill()
            self.session, self._told = WorkerSession(request, on_network_attempt=self.network_attempted.emit), None
            self._open(self.session)

        self._run("opening", None, replace_session)

    @Slot(object, object)
    def ask(self, request: AskRequest, stop: StopSignal) -> None:
        """Answer one question."""
        self._run("answering", request, lambda: self._ask(request, stop))

    @Slot(object)
    def prepare(self, job: PrepareJob) -> None:
        """Encode images before the question; what goes wrong is a notice, because nobody waits for it."""
        if job.is_wanted():
            self._run("preparing", None, lambda: self._prepare(job.request))

    @Slot(object)
    def see(self, request: AskRequest) -> None:
        """Prepare images as for a question and tell what the model would be given."""

        def look() -> None:
            session = self._opened_session()
            self._open(session)
            images = tuple(read_image(choice.source) for choice in request.images)
            self.seen.emit(SeenImages(request, images, session.see(images)))

        self._run("preparing", None, look)

    def end(self) -> None:
        """End the worker process; what it was doing fails."""
        session = self.session
        if session is not None:
            session.kill()

    def _open(self, session: WorkerSession) -> Opened:
        opened = session.open()
        if opened is not self._told:
            self._told = opened
            self.opened.emit(opened)
        return opened

    def _opened_session(self) -> WorkerSession:
        if self.session is None:
            raise CannotRunError(
                QCoreApplication.translate("Inference", "No model is open; choose one in the list of models first.")
            )
        return self.session

    def _ask(self, request: AskRequest, stop: StopSignal) -> None:
        self.started.emit(request)
        session = self._opened_session()
        clock = PhaseClock(self.phase.emit)
        clock.begin("load")
        opened = self._open(session)
        clock.begin("read")
        images = tuple(read_image(choice.source) for choice in request.images)
        answer, tokens = session.ask_with_tokens(
            images,
            request.prompt,
            history=request.history,
            max_new_tokens=request.max_new_tokens,
            on_text=self._hear,
            on_phase=clock.begin,
            stop=stop,
        )
        self.answered.emit(AskResult(request, images, answer, opened, clock.end(), tokens))

    def _hear(self, piece: str) -> bool:
        self.text.emit(piece)
        return True

    def _prepare(self, request: AskRequest) -> None:
        session = self._opened_session()
        self._open(session)
        try:
            images = tuple(read_image(choice.source) for choice in request.images)
            session.prepare(images, [*request.history])
        except ProcessDiedError as error:
            self.notice.emit(_prepare_died(str(error)))
        except InputError as error:
            self.notice.emit(str(error))
        except OutOfMemoryError as error:
            session.kill()
            self.notice.emit(str(error))

    def _run(self, activity: Activity, request: AskRequest | None, action: Callable[[], None]) -> None:
        """Do one thing and say how it went: whatever happens, whoever waits is told."""
        if self._closing.is_set():
            return
        self.activity_changed.emit(activity)
        try:
            action()
        except Exception as error:  # the boundary of the thread: an error that passes it would leave the user waiting
            if not self._closing.is_set():
                self.failed.emit(request, explain(error))
        finally:
            self.activity_changed.emit("idle")


def explain(error: Exception) -> Failure:
    """Return an error as one sentence; bad input fails again however often it is tried."""
    if isinstance(error, MedMOError):
        return Failure(str(error), not isinstance(error, InputError))
    sentence = QCoreApplication.translate(
        "Inference", "A fault in MedMO Edge itself ({0}) ended this; try again, and report it if it comes back."
    )
    return Failure(sentence.format(type(error).__name__), True)


def _prepare_died(how: str) -> str:
    sentence = QCoreApplication.translate(
        "Inference", "The model's process {0} while encoding the image; the next question starts it again."
    )
    return sentence.format(how)


class InferenceThread(QThread):
    """Runs an `Inference`'s slots, and ends its process when the loop ends."""

    def __init__(self, inference: Inference) -> None:
        super().__init__()
        self._inference = inference
        inference.moveToThread(self)

    def run(self) -> None:
        """Serve until `quit`."""
        self.exec()
        self._inference.end()
