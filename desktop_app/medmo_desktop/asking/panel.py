"""The panel in which an image is asked about: question, phases, answer, and what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QSplitter, QVBoxLayout, QWidget

from medmo_desktop.asking.answer_view import AnswerView
from medmo_desktop.asking.controller import ControllerState, InferenceController
from medmo_desktop.asking.conversations import AnsweredTurn, Conversations, result_boxes
from medmo_desktop.asking.live_answer import LiveAnswer
from medmo_desktop.asking.notes import answer_notes, cost_words
from medmo_desktop.asking.phase_bar import PhaseBar
from medmo_desktop.asking.prompt_box import PromptBox
from medmo_desktop.asking.requests import AskRequest, AskResult, ImageChoice
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.findings.reading import own_boxes
from medmo_desktop.translations.notice import research_notice


class AskPanel(QWidget):
    """Asks about the image on screen.

    It puts the boxes of the image on screen on the board: those of the turn that is shown and the user's own.

    Parameters
    ----------
    controller : InferenceController
    board : FindingBoard
    """

    #: `AnsweredTurn`: a turn was added to the conversation, also of an image that is not on screen.
    turn_added = Signal(object)

    def __init__(self, controller: InferenceController, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._board = controller, board
        self._conversations = Conversations()
        self._live = LiveAnswer(controller, board, self)
        self._images: tuple[ImageChoice, ...] = ()
        self._turn: int | None = None
        self._says_activity = False
        self.max_new_tokens = 512
        self.prepares_ahead = False
        self.prompt = PromptBox()
        self.answer = AnswerView(board)
        self.phases = PhaseBar()
        self.turns = QListWidget()
        self.status = QLabel()
        self.notes = QLabel()
        self.retry_button = QPushButton(self.tr("&Retry"))
        self.new_button = QPushButton(self.tr("&New conversation"))
        self._set_up()
        self._lay_out()
        self._connect()

    def _set_up(self) -> None:
        self.turns.setAccessibleName(self.tr("Questions about this image"))
        self.turns.setToolTip(self.tr("What was asked about this image; choose one to see its answer and boxes"))
        self.new_button.setToolTip(self.tr("Forget what was said about this image; boxes that you drew stay"))
        self.retry_button.setToolTip(self.tr("Ask the same question again; the model is loaded again if need be"))
        self.retry_button.hide()
        for label, name in ((self.status, self.tr("State")), (self.notes, self.tr("Notes about the answer"))):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setAccessibleName(name)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.addWidget(QLabel(self.tr("Conversation about this image")))
        above.addStretch(1)
        above.addWidget(self.new_button)
        state = QHBoxLayout()
        state.addWidget(self.status, 1)
        state.addWidget(self.retry_button)
        research = QLabel(research_notice())
        research.setAccessibleName(research_notice())
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.turns)
        split.addWidget(self.answer)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 3)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addWidget(split, 1)
        layout.addWidget(self.notes)
        layout.addWidget(self.phases)
        layout.addLayout(state)
        layout.addWidget(self.prompt)
        layout.addWidget(research)

    def _connect(self) -> None:
        self.prompt.ask_wanted.connect(self.ask)
        self.prompt.stop_wanted.connect(self._controller.stop)
        self.prompt.chips.changed.connect(self._prepare)
        self.retry_button.clicked.connect(self._controller.retry)
        self.new_button.clicked.connect(self.new_conversation)
        self.turns.currentRowChanged.connect(self._choose_turn)
        self._live.grown.connect(self._show_piece)
        self.phases.written.connect(self._show_speed)
        self._controller.started.connect(self._begin)
        self._controller.phase.connect(self._show_phase)
        self._controller.answered.connect(self._finish)
        self._controller.failed.connect(self._fail)
        self._controller.notice.connect(self.status.setText)
        self._controller.opened.connect(self._prepare)
        self._controller.state_changed.connect(self._show_state)
        self._show_state(self._controller.state)

    @property
    def image(self) -> ImageChoice | None:
        """The image on screen."""
        return self._images[0] if self._images else None

    def show_images(self, images: Sequence[ImageChoice]) -> None:
        """Offer the image on screen, which comes first, and others of its study that may go along.

        Another first image brings its own conversation and boxes; the same one in another rendering keeps them.
        """
        before = self.image
        self._keep_boxes()
        self._images = tuple(images)
        self.prompt.chips.show_choices(images)
        if before is None or self.image is None or before.id != self.image.id:
            self._live.show_image(None)
            self._show_conversation()
            self._live.show_image(self.image)
        self._prepare()

    @property
    def current_turn(self) -> AnsweredTurn | None:
        """The turn whose answer is shown, with its boxes as they are now; None before the first and while one runs."""
        if self.image is None or self._turn is None or self._live.is_shown:
            return None
        return replace(self._conversations.turns(self.image.id)[self._turn], boxes=self._board.boxes)

    @property
    def drawn_boxes(self) -> BoxSet | None:
        """The user's boxes on the image on screen while no answer is shown; None while one is shown or runs."""
        if self.image is None or self._turn is not None or self._live.is_shown:
            return None
        return own_boxes(self._board.boxes)

    def restore_drawn(self, subject: str, boxes: BoxSet) -> None:
        """Bring back boxes that were drawn on an image without a question in earlier sessions."""
        self._keep_boxes()
        self._conversations.join_drawn(subject, boxes)
        if self.image is not None and self.image.id == subject and self.drawn_boxes is not None:
            self._board.show(self._conversations.boxes(subject, None))

    def restore(self, subject: str, turns: Sequence[AnsweredTurn]) -> None:
        """Bring back turns of earlier sessions about an image."""
        if not turns:
            return
        self._keep_boxes()
        self._conversations.restore(subject, turns)
        if self.image is not None and self.image.id == subject:
            if self._live.is_shown:
                self._turn = None if self._turn is None else self._turn + len(turns)
            else:
                self._show_conversation()

    def ask(self, prompt: str) -> None:
        """Ask a question about the chosen images."""
        self._keep_boxes()
        self._controller.ask(self._next_request(prompt))

    def _next_request(self, prompt: str) -> AskRequest:
        subject = "" if self.image is None else self.image.id
        return self._conversations.next_request(subject, prompt, self.prompt.chips.chosen, self.max_new_tokens)

    def new_conversation(self) -> None:
        """Forget what was said about the image on screen."""
        if self.image is not None and not self._live.is_shown:
            self._keep_boxes()
            self._conversations.forget(self.image.id)
            self._show_conversation()

    def _prepare(self, _opened: object = None) -> None:
        """Encode the chosen images before the question, if the user allows it."""
        if self.prepares_ahead and self.prompt.chips.chosen and not self._controller.state.is_busy:
            self._controller.prepare(self._next_request(""))

    def _keep_boxes(self) -> None:
        """Remember what the user did to the boxes on the board."""
        if self.image is not None and not self._live.is_shown:
            self._conversations.keep_boxes(self.image.id, self._turn, self._board.boxes)

    def _show_conversation(self) -> None:
        turns = () if self.image is None else self._conversations.turns(self.image.id)
        self.turns.blockSignals(True)
        self.turns.clear()
        for number, turn in enumerate(turns, 1):
            self.turns.addItem(f"{number}. {_one_line(turn.result.request.prompt)}")
        self.turns.blockSignals(False)
        self.new_button.setEnabled(bool(turns))
        self._show_turn(len(turns) - 1 if turns else None)

    def _choose_turn(self, row: int) -> None:
        if row >= 0 and row != self._turn and not self._live.is_shown:
            self._keep_boxes()
            self._show_turn(row)

    def _show_turn(self, number: int | None) -> None:
        self._turn = number
        if self._live.request is not None and self.image is not None and self._live.request.subject == self.image.id:
            self.answer.show_answer(self._live.text)
            self.notes.clear()
            return
        self.phases.reset()
        self.notes.clear()
        if self.image is None or number is None:
            self._board.show(self._conversations.boxes(self.image.id, None) if self.image else self._board.boxes)
            self.answer.show_answer("")
            return
        turn = self._conversations.turns(self.image.id)[number]
        self.turns.blockSignals(True)
        self.turns.setCurrentRow(number)
        self.turns.blockSignals(False)
        self._board.show(turn.boxes)
        self.answer.show_answer(turn.result.answer.text)
        self.notes.setText("\n".join(answer_notes(turn.result)))
        self.phases.show_result(turn.result)
        self.status.setText(cost_words(turn.result))

    def _begin(self, request: AskRequest) -> None:
        self._live.begin(request)
        self.retry_button.hide()
        if self._live.is_shown:
            self.answer.show_answer("")
            self.notes.clear()
        self.phases.reset()

    def _show_phase(self, name: str) -> None:
        self.phases.begin(name)

    def _show_speed(self, tokens: int, per_second: float) -> None:
        if self._controller.state.activity == "answering":
            self.status.setText(self.tr("Answering… {0} tokens, {1:.1f} tokens/s").format(tokens, per_second))

    def _show_piece(self, piece: str) -> None:
        self.phases.count_piece()
        if self._live.is_shown:
            self.answer.append_piece(piece)

    def _finish(self, result: AskResult) -> None:
        subject = result.request.subject
        boxes = result_boxes(result)
        turn = AnsweredTurn(result, self._live.with_changes(boxes) if self._live.is_shown else boxes)
        self._conversations.add(subject, turn)
        was_shown = self.image is not None and self.image.id == subject
        self._live.end()
        self.phases.finish()
        if was_shown:
            self._show_conversation()
        self.turn_added.emit(turn)

    def _fail(self, sentence: str, can_retry: bool) -> None:
        self._live.end()
        self.phases.finish()
        self.status.setText(sentence)
        self.retry_button.setVisible(can_retry)

    def _show_state(self, state: ControllerState) -> None:
        self.prompt.set_busy(state.is_busy)
        words = {
            "opening": self.tr("Loading the model…"),
            "preparing": self.tr("Encoding the image ahead of the question…"),
            "answering": self.tr("Answering…"),
            "stopping": self.tr("Stopping…"),
        }.get(state.activity)
        if state.activity == "preparing" and state.waiting:
            words = self.tr("The question is answered once the image is encoded…")
        if words is not None:
            self.status.setText(words)
        elif self._says_activity and state.activity == "idle":
            turn = self.current_turn
            self.status.setText("" if turn is None else cost_words(turn.result))
        self._says_activity = words is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Stop with Esc from anywhere in the panel."""
        if event.key() == Qt.Key.Key_Escape and self._controller.state.is_busy:
            self._controller.stop()
        else:
            super().keyPressEvent(event)


def _one_line(text: str) -> str:
    return " ".join(text.split())
