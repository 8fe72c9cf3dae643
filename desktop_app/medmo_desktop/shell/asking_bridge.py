"""Between image, question and history: what the panel is offered, when a model is opened, what is kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.conversations import AnsweredTurn
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.asking.requests import ImageChoice
from medmo_desktop.canvas.series_view import SeriesView
from medmo_desktop.canvas.view_state import ViewGeometry, ViewState
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.record import CaseRecord, drawn_record_id
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.shell.history_keeper import HistoryKeeper
from medmo_desktop.shell.model_choice import model_request
from medmo_desktop.shell.records import DrawnBoxes, drawn_record, earlier_turn, turn_record
from medmo_desktop.shell.settings import ViewerSettings
from medmo_desktop.study.model import Frame, FrameReference, GreyWindow
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.rendering import frame_image
from medmo_models.imaging import LoadedImage
from medmo_runtime.worker import OpenRequest

#: A window that is being dragged is another image to the model with every step: it is offered once the hand rests.
_REST_MS = 400
#: Images seen last that may go along with a question.
_OFFERED = 4


class AskingBridge(QObject):
    """Offers the image on screen to the panel, opens the model with the first one, keeps and brings back answers."""

    #: A sentence.
    problem = Signal(str)

    def __init__(
        self,
        view: SeriesView,
        panel: AskPanel,
        controller: InferenceController,
        board: FindingBoard,
        history: HistoryKeeper,
        settings: ViewerSettings,
        runner: JobRunner,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._view, self._panel, self._controller, self._board = view, panel, controller, board
        self._history, self._settings, self._runner = history, settings, runner
        self._seen: dict[str, ImageChoice] = {}
        self.origins: dict[tuple[str, int], tuple[Path, tuple[float, float] | None]] = {}
        #: Records of earlier sessions by id.
        self.earlier: dict[str, CaseRecord] = {}
        self._looked_up: set[str] = set()
        self._came_back: set[str] = set()
        self._drawn: dict[str, BoxSet] = {}
        self._opened = self._closed = False
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._offer)
        self._changed = QTimer(self, singleShot=True, interval=_REST_MS)
        self._changed.timeout.connect(self.keep_changes)
        panel.prepares_ahead = settings.encode_on_open
        view.frame_changed.connect(self._show)
        view.view_changed.connect(self._follow_window)
        panel.turn_added.connect(self._keep)
        board.undo_stack.indexChanged.connect(lambda _index: self._changed.start())
        history.found.connect(self._restore)

    @property
    def shown_view(self) -> ViewGeometry | None:
        """How the image on screen is looked at, None without one."""
        return self._view.canvas.geometry_now()

    def open_model(self, *, ignore_memory: bool = False) -> None:
        """Load the chosen model, in place of the one before; with ``ignore_memory`` also one that should not fit."""
        if self._closed:
            return
        self._opened = True
        chosen = self._settings.models
        job = Job(lambda _control: model_request(chosen, ignore_memory=ignore_memory))
        job.succeeded.connect(self._open)
        job.failed.connect(self.problem)
        self._runner.start(job)

    def shut_down(self) -> None:
        """Write what waits, and open nothing any more: a job's result may still be on its way."""
        self.keep_changes()
        self._rest.stop()
        self._closed = True

    def _open(self, request: OpenRequest) -> None:
        if not self._closed:
            self._controller.open(request)

    def show_nothing(self) -> None:
        """No image is on screen."""
        self._panel.show_images(())

    def keep_changes(self) -> None:
        """Write what the user did to the boxes on screen, of the answer or without one."""
        self._changed.stop()
        if not self._settings.history_kept:
            return
        turn = self._panel.current_turn
        if turn is not None:
            self._history.update_boxes(turn.result.request.id, turn.boxes)
        drawn = self.drawn_now
        if drawn is not None and drawn.boxes != self._drawn.get(drawn.image.id, BoxSet()):
            self._keep_drawn(drawn)

    @property
    def drawn_now(self) -> DrawnBoxes | None:
        """The boxes on screen that were drawn without a question; None while an answer is shown or runs."""
        image, boxes = self._panel.image, self._panel.drawn_boxes
        return None if image is None or boxes is None else DrawnBoxes(image, boxes)

    def _keep_drawn(self, drawn: DrawnBoxes) -> None:
        subject = drawn.image.id
        self._drawn[subject] = drawn.boxes
        file, frame = subject.split(":")
        origins = dict(self.origins)

        def make(boxes: BoxSet) -> CaseRecord:
            return drawn_record(DrawnBoxes(drawn.image, boxes), origins)

        came_back = subject in self._came_back
        self._history.keep_drawn(drawn_record_id(file, int(frame)), drawn.boxes, make, join=not came_back)

    def _show(self, frame: Frame) -> None:
        if not self._opened:
            self.open_model()
        self._offer()
        choice = self._panel.image
        if choice is not None and choice.id not in self._looked_up and self._settings.history_kept:
            self._looked_up.add(choice.id)
            self._history.find(choice.id, frame.sha256, frame.reference.frame)

    def _offer(self) -> None:
        self._rest.stop()
        frame = self._view.frame
        if frame is None:
            return
        if self._changed.isActive():
            self.keep_changes()
        window = self._view.canvas.view.window
        choice = self._choice(frame, window)
        place = None if window is None else (window.center, window.width)
        self.origins[frame.sha256, frame.reference.frame] = (frame.reference.path, place)
        others = [one for one in reversed(self._seen.values()) if one.id != choice.id][: _OFFERED - 1]
        self._seen.pop(choice.id, None)
        self._seen[choice.id] = _read_again(choice, frame.reference, window)
        self._panel.show_images([choice, *others])

    def _choice(self, frame: Frame, window: GreyWindow | None) -> ImageChoice:
        series = self._view.series
        title = frame.reference.path.name if series is None else series.title
        if series is not None and len(series.frames) > 1:
            title = f"{title} {self._view.index + 1}/{len(series.frames)}"
        return ImageChoice(
            f"{frame.sha256}:{frame.reference.frame}",
            title,
            frame.width,
            frame.height,
            partial(frame_image, frame, window),
            "" if window is None else f"{window}",
        )

    def _follow_window(self, state: ViewState) -> None:
        choice, frame = self._panel.image, self._view.frame
        if choice is not None and frame is not None:
            wanted = "" if state.window is None else f"{state.window}"
            if wanted != choice.rendering:
                self._rest.start()

    def _keep(self, turn: AnsweredTurn) -> None:
        if self._settings.history_kept:
            self._history.add(partial(turn_record, turn, dict(self.origins)))

    def _restore(self, subject: str, records: list[CaseRecord]) -> None:
        self._came_back.add(subject)
        answered = [record for record in records if record.answer is not None]
        self.earlier.update({record.id: record for record in answered})
        for record in records:
            if record.answer is None:
                self._drawn[subject] = record.boxes
                self._panel.restore_drawn(subject, record.boxes)
        self._panel.restore(subject, [earlier_turn(record, subject) for record in answered])


def _read_again(choice: ImageChoice, reference: FrameReference, window: GreyWindow | None) -> ImageChoice:
    """Return a choice that does not hold the frame's pixels: it may wait long, and there may be many."""

    def read() -> LoadedImage:
        return frame_image(read_frame(reference), window)

    return ImageChoice(choice.id, choice.title, choice.width, choice.height, read, choice.rendering)
