"""The 4-bit copy of the embedded model: made once in the background, chosen as soon as nothing is being answered."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medmo_desktop.asking.controller import ControllerState, InferenceController
from medmo_desktop.machine.embedded_copy import make_fast_copy
from medmo_desktop.machine.export_job import ExportResult
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.shell.asking_bridge import AskingBridge
from medmo_desktop.shell.settings import ViewerSettings


class FastCopy(QObject):
    """Quantizes the embedded model once, so that it answers without torch, and the next question at once."""

    #: `ExportResult`: the copy is whole and in its place.
    made = Signal(object)

    def __init__(
        self,
        controller: InferenceController,
        bridge: AskingBridge,
        settings: ViewerSettings,
        runner: JobRunner,
        strip: JobStrip,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._controller, self._bridge, self._settings = controller, bridge, settings
        self._runner, self._strip = runner, strip
        self._running = False
        self._waits = False
        controller.state_changed.connect(self._note_state)

    def make(self) -> None:
        """Begin, unless the copy is there, is being made, or cannot be made here."""
        if self._running:
            return
        self._running = True
        job = Job(make_fast_copy)
        self._strip.follow(job, self.tr("Making the 4-bit copy of the built-in model, once"))
        job.succeeded.connect(self._take)
        job.finished.connect(self._end)
        self._runner.start(job)

    def _take(self, result: ExportResult | None) -> None:
        if result is None:
            return
        self._strip.say(self.tr("The 4-bit copy of the built-in model is made and answers from now on."))
        self._waits = True
        self.made.emit(result)
        self._note_state(self._controller.state)

    def _end(self) -> None:
        self._running = False

    def _note_state(self, state: ControllerState) -> None:
        """Open the copy once no answer would be cut off by it, unless the user chose another model by then."""
        if self._waits and not state.is_busy:
            self._waits = False
            if not self._settings.models:
                self._bridge.open_model()
