"""The windows' face of the model: asks in another thread, tells by signals, never waits."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, Qt, QThreadPool, Signal, Slot

from medmo_desktop.asking.inference import Inference, InferenceThread, PrepareJob
from medmo_desktop.asking.requests import AskRequest, AskResult, Failure
from medmo_runtime.generation import StopSignal
from medmo_runtime.worker import OpenRequest
from medmo_runtime.worker.protocol import Opened

#: How long `InferenceController.close` waits before it ends the process again, milliseconds: one that was just being
#: started escapes the first time.
_END_AGAIN_MS = 50


@dataclass(frozen=True)
class ControllerState:
    """What the model is doing.

    Attributes
    ----------
    activity : {"closed", "idle", "opening", "preparing", "answering", "stopping"}
    opened : Opened or None
        The model that is loaded, or was before its process ended.
    waiting : int
        Questions that were asked and not begun.
    """

    activity: Literal["closed", "idle", "opening", "preparing", "answering", "stopping"] = "closed"
    opened: Opened | None = None
    waiting: int = 0

    @property
    def is_busy(self) -> bool:
        """Whether a question is being answered or waits."""
        return self.activity in ("answering", "stopping") or self.waiting > 0


class InferenceController(QObject):
    """Opens a model and asks it, one question after another.

    The thread and the process start with the first use. Close it before the program ends.
    """

    #: `Opened`: a model was loaded, also again after its process died.
    opened = Signal(object)
    #: `AskRequest`: from now on, phases and text are of this question.
    started = Signal(object)
    #: ``load``, ``read``, ``vision``, ``prefill`` or ``decode`` begins.
    phase = Signal(str)
    #: A piece of the answer.
    text = Signal(str)
    #: `AskResult`, also of a question about an image that is no longer shown, and of one that was stopped.
    answered = Signal(object)
    #: One sentence, and whether `retry` makes sense.
    failed = Signal(str, bool)
    #: One sentence about something that went on nevertheless.
    notice = Signal(str)
    #: The worker asked for the network and was refused: the target's kind.
    network_attempted = Signal(str)
    #: `ControllerState`
    state_changed = Signal(object)

    #: `SeenImages`
    seen = Signal(object)

    _see_wanted = Signal(object)
    _open_wanted = Signal(object)
    _ask_wanted = Signal(object, object)
    _prepare_wanted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = ControllerState()
        self._closing = threading.Event()
        self._waiting: dict[str, tuple[AskRequest, StopSignal]] = {}
        self._running: tuple[AskRequest, StopSignal] | None = None
        self._open_request: OpenRequest | None = None
        self._failed: AskRequest | OpenRequest | None = None
        self._newest_job = 0
        self._inference: Inference | None = None
        self._thread: InferenceThread | None = None
        # Telling the process to stop writes to a pipe, and ending it waits for it: neither is for the windows' thread.
        self._interrupts = QThreadPool(self)
        self._interrupts.setMaxThreadCount(1)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    @property
    def state(self) -> ControllerState:
        """What the model is doing now."""
        return self._state

    @property
    def current(self) -> AskRequest | None:
        """The question that is being answered."""
        return None if self._running is None else self._running[0]

    @property
    def worker_pid(self) -> int | None:
        """Number of the process that holds the model."""
        session = None if self._inference is None else self._inference.session
        return None if session is None else session.pid

    def open(self, request: OpenRequest) -> None:
        """Load a model in place of the one before, whose answers stop."""
        self.stop()
        self._failed = None
        self._open_request = request
        if self._thread is None:
            self._start()
        else:
            self._open_wanted.emit(request)

    def ask(self, request: AskRequest) -> None:
        """Ask a question; it is answered after those asked before."""
        self._start()
        self._failed = None
        stop = StopSignal()
        self._waiting[request.id] = (request, stop)
        self._set_state()
        self._ask_wanted.emit(request, stop)

    def prepare(self, request: AskRequest) -> None:
        """Encode the images of a question that may come, unless a newer call or a question comes first.

        Parameters
        ----------
        request : AskRequest
            Its prompt does not matter.
        """
        if self._open_request is None:
            return
        self._start()
        self._newest_job = number = self._newest_job + 1
        self._prepare_wanted.emit(PrepareJob(request, lambda: number == self._newest_job and not self._waiting))

    def see(self, request: AskRequest) -> None:
        """Find out what the model is given of the images of a request; its prompt does not matter."""
        self._start()
        self._see_wanted.emit(request)

    def stop(self) -> None:
        """Stop what is being answered and what waits; each gives an `AskResult` that says ``cancelled``."""
        self._newest_job += 1
        questions = [*self._waiting.values(), *([self._running] if self._running else [])]
        for _, signal in questions:
            self._interrupts.start(signal.set)
        if self._running is not None:
            self._set_state(activity="stopping")

    def retry(self) -> None:
        """Try once more what failed last."""
        match self._failed:
            case AskRequest() as question:
                self.ask(question)
            case OpenRequest() as model:
                self.open(model)

    @Slot()
    def close(self) -> None:
        """End the process and the thread; returns when both are gone. A later call starts them again."""
        thread, inference = self._thread, self._inference
        if thread is None or inference is None:
            return
        self._closing.set()
        thread.quit()
        self._interrupts.start(inference.end)
        while not thread.wait(_END_AGAIN_MS):
            self._interrupts.start(inference.end)
        self._interrupts.waitForDone()
        self._thread = self._inference = self._running = None
        self._waiting.clear()
        self._closing = threading.Event()
        self._set_state(activity="closed", opened=None)

    def _start(self) -> None:
        if self._thread is not None:
            return
        inference = self._inference = Inference(self._closing)
        self._thread = InferenceThread(inference)
        queued = Qt.ConnectionType.QueuedConnection
        self._open_wanted.connect(inference.open, queued)
        self._ask_wanted.connect(inference.ask, queued)
        self._prepare_wanted.connect(inference.prepare, queued)
        self._see_wanted.connect(inference.see, queued)
        inference.seen.connect(self._pass_seen, queued)
        inference.activity_changed.connect(self._note_activity, queued)
        inference.opened.connect(self._note_opened, queued)
        inference.started.connect(self._note_started, queued)
        inference.phase.connect(self._pass_phase, queued)
        inference.text.connect(self._pass_text, queued)
        inference.answered.connect(self._note_answered, queued)
        inference.failed.connect(self._note_failed, queued)
        inference.notice.connect(self._pass_notice, queued)
        inference.network_attempted.connect(self._pass_network_attempted, queued)
        self._thread.start()
        self._set_state(activity="idle")
        if self._open_request is not None:
            self._open_wanted.emit(self._open_request)

    # Slots, not signals connected with signals: what is still on its way when this object goes is dropped then.

    @Slot(object)
    def _pass_seen(self, what: object) -> None:
        self.seen.emit(what)

    @Slot(str)
    def _pass_phase(self, what: str) -> None:
        self.phase.emit(what)

    @Slot(str)
    def _pass_text(self, what: str) -> None:
        self.text.emit(what)

    @Slot(str)
    def _pass_notice(self, what: str) -> None:
        self.notice.emit(what)

    @Slot(str)
    def _pass_network_attempted(self, what: str) -> None:
        self.network_attempted.emit(what)

    @Slot(str)
    def _note_activity(self, activity: Literal["idle", "opening", "preparing", "answering"]) -> None:
        if self._thread is not None:  # after `close`, what was still on its way no longer counts
            self._set_state(activity=activity)

    @Slot(object)
    def _note_opened(self, opened: Opened) -> None:
        self._set_state(opened=opened)
        self.opened.emit(opened)

    @Slot(object)
    def _note_started(self, request: AskRequest) -> None:
        self._running = self._waiting.pop(request.id, None)
        stopped = self._running is not None and self._running[1].is_set
        self._set_state(activity="stopping" if stopped else "answering")
        self.started.emit(request)

    @Slot(object)
    def _note_answered(self, result: AskResult) -> None:
        self._running = None
        self._set_state(activity="idle")  # whoever is told may ask the next question at once
        self.answered.emit(result)

    @Slot(object, object)
    def _note_failed(self, request: AskRequest | None, failure: Failure) -> None:
        self._running = None
        self._set_state(activity="idle")
        self._failed = (request or self._open_request) if failure.can_retry else None
        self.failed.emit(failure.sentence, failure.can_retry)

    def _set_state(
        self,
        activity: Literal["closed", "idle", "opening", "preparing", "answering", "stopping"] | None = None,
        opened: Opened | Literal["same"] | None = "same",
    ) -> None:
        state = ControllerState(
            self._state.activity if activity is None else activity,
            self._state.opened if opened == "same" else opened,
            len(self._waiting),
        )
        if state != self._state:
            self._state = state
            self.state_changed.emit(state)
