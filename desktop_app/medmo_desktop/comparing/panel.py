"""Two models on one image, side by side: both pictures, what changed between the boxes and the words, and the costs."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from medmo_desktop.canvas.view_state import ViewState
from medmo_desktop.comparing.boxes import BoxComparison, Change, ComparedBox, boxes_of, compare_boxes
from medmo_desktop.comparing.drawing import shapes_on_first, shapes_on_second, tagged
from medmo_desktop.comparing.linking import ViewLink
from medmo_desktop.comparing.pair_chooser import PairChooser
from medmo_desktop.comparing.results_view import ResultsView
from medmo_desktop.comparing.side_view import SideView
from medmo_desktop.comparing.sides import Question, Side, TwoAnswers, ask_both
from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.study.model import Frame, GreyWindow
from medmo_desktop.study.rendering import frame_image
from medmo_desktop.translations.notice import research_notice
from medmo_models.prompts import LOCALIZE_PROMPT


class ComparePanel(QWidget):
    """Asks two models the same and shows both answers. Call `shut_down` before it goes away.

    Both see the frame through the window that the pictures show. They run one after the other, each in a process of its
    own that ends with its answer, so that never more than one model is in memory.
    """

    #: `TwoAnswers`
    compared = Signal(object)
    #: The number of a side (0 or 1) and a piece of its text, from the job's thread.
    _heard = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self._frame: Frame | None = None
        self._window: GreyWindow | None = None
        self._loaded = False
        self._running = False
        self._hovering = False
        self.answers: TwoAnswers | None = None
        self.comparison = BoxComparison()
        names = (self.tr("First"), self.tr("Second"))
        self.strip = JobStrip()
        self.pair = PairChooser(names, self.runner, self.strip)
        self.choosers = self.pair.choosers
        self.sides = tuple(SideView(name) for name in names)
        self.prompt_edit = QLineEdit(LOCALIZE_PROMPT)
        self.prompt_edit.setAccessibleName(self.tr("Question for both models"))
        self.prompt_edit.setToolTip(self.tr("The question that both models are asked"))
        self.compare_button = QPushButton(self.tr("&Compare"))
        self.compare_button.setToolTip(self.tr("Ask both models, one after the other"))
        self.compare_button.setAccessibleName(self.tr("Compare"))
        self.link_box = QCheckBox(self.tr("&Link pan, zoom and window"))
        self.link_box.setToolTip(self.tr("Both pictures show the same place in the same way"))
        self.link_box.setChecked(True)
        self.noise_box = QCheckBox(self.tr("Measure &noise"))
        self.noise_box.setToolTip(
            self.tr(
                "Ask the first model again about the picture one grey level brighter: how far do its own boxes move?"
            )
        )
        self.results = ResultsView()
        self.link = ViewLink([side.canvas for side in self.sides], self)
        self._lay_out()
        self._connect()
        self._update_button()

    def _lay_out(self) -> None:
        prompt_label = QLabel(self.tr("&Question"))
        prompt_label.setBuddy(self.prompt_edit)
        ask = QHBoxLayout()
        ask.addWidget(prompt_label)
        ask.addWidget(self.prompt_edit, 1)
        ask.addWidget(self.compare_button)
        options = QHBoxLayout()  # below: beside them, longer languages would leave the question no room
        options.addWidget(self.noise_box)
        options.addWidget(self.link_box)
        options.addStretch(1)
        pictures = QSplitter(Qt.Orientation.Horizontal)
        for side in self.sides:
            pictures.addWidget(side)
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(pictures)
        whole.addWidget(self.results)
        for place, share in enumerate((3, 2)):
            whole.setStretchFactor(place, share)
        whole.setSizes([600, 320])
        notice = QLabel(research_notice())
        notice.setAccessibleName(research_notice())
        layout = QVBoxLayout(self)
        layout.addWidget(self.pair)
        layout.addLayout(ask)
        layout.addLayout(options)
        layout.addWidget(self.strip)
        layout.addWidget(whole, 1)
        layout.addWidget(notice)

    def _connect(self) -> None:
        self.compare_button.clicked.connect(self.compare)
        self.prompt_edit.returnPressed.connect(self.compare)
        self.prompt_edit.textChanged.connect(self._update_button)
        self.link_box.toggled.connect(self._set_linked)
        self._heard.connect(self._show_text)
        self.pair.changed.connect(self._update_button)
        for number, side in enumerate(self.sides):
            side.canvas.view_changed.connect(self._note_view)
            side.board.selection_changed.connect(partial(self._select_row, number))
            side.board.hover_changed.connect(partial(self._hover_partner, number))
        self.results.boxes.chosen.connect(self._select_boxes)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Look for models when it is shown for the first time."""
        super().showEvent(event)
        if not self._loaded:
            self.refresh_models()

    def shut_down(self) -> None:
        """Cancel what runs, which ends the model's process, and wait for it."""
        self.runner.shut_down()

    def refresh_models(self) -> None:
        """Look again which models are installed, in the background."""
        self._loaded = True
        self.pair.refresh()

    def set_prompt(self, prompt: str) -> None:
        """Set the question."""
        self.prompt_edit.setText(prompt)

    def show_frame(self, frame: Frame) -> None:
        """Show an image on both sides; an answer about another one goes."""
        self._frame, self.answers = frame, None
        self._window = None
        for side in self.sides:
            side.show_frame(frame)
        self._show_comparison(BoxComparison())
        self.results.clear()
        self._update_button()

    def compare(self) -> Job | None:
        """Ask both models in the background; None if something is missing."""
        sides = self.pair.sides()
        if not self.compare_button.isEnabled() or self._frame is None or sides is None:
            return None
        frame, window = self._frame, self._window
        question = Question(
            partial(frame_image, frame, window),
            self.prompt_edit.text().strip(),
            measure_noise=self.noise_box.isChecked(),
        )
        for side in self.sides:
            side.clear_answer()
        self._show_comparison(BoxComparison())
        self.results.clear()
        job = Job(partial(self._work, sides, question))
        self.strip.follow(job, self.tr("Comparing"))
        self._running = True
        self._update_button()
        job.succeeded.connect(partial(self._take, frame))
        job.finished.connect(self._released)
        return self.runner.start(job)

    def _work(self, sides: tuple[Side, Side], question: Question, control: JobControl) -> TwoAnswers:
        return ask_both(sides, question, control, self._heard.emit, self._phase_words)

    def _phase_words(self, number: int, phase: str) -> str:
        phases = {
            "image": self.tr("preparing the image"),
            "make": self.tr("making the 4-bit copy of the built-in model, once"),
            "test": self.tr("testing the backend on this machine, once"),
            "load": self.tr("loading the model"),
            "vision": self.tr("encoding the image"),
            "prefill": self.tr("reading the question"),
            "decode": self.tr("writing the answer"),
            "noise": self.tr("measuring the noise"),
        }
        side = self.tr("first") if number == 0 else self.tr("second")
        return f"{side}, {phases[phase]}"

    def _released(self) -> None:
        self._running = False
        self.refresh_models()  # a copy may have been made
        self._update_button()

    def _update_button(self) -> None:
        ready = self.pair.sides() is not None and self._frame is not None
        self.compare_button.setEnabled(ready and not self._running and bool(self.prompt_edit.text().strip()))

    def _show_text(self, number: int, piece: str) -> None:
        self.sides[number].add_text(piece)

    def _take(self, frame: Frame, answers: TwoAnswers) -> None:
        if frame is not self._frame:
            return  # another image is shown by now
        self.answers = answers
        pair = (answers.first, answers.second)
        boxes = [boxes_of(one.answer) for one in pair]
        comparison = compare_boxes(boxes[0], boxes[1], (frame.width, frame.height))
        words: dict[Change, str] = {"lost": self.tr("lost"), "new": self.tr("new")}
        for side, one, found in zip(self.sides, pair, boxes, strict=True):
            side.show_answer(one, tagged(found, comparison, words))
        self._show_comparison(comparison)
        self.results.show_answers(answers, self.comparison)
        self.compared.emit(answers)

    def _show_comparison(self, comparison: BoxComparison) -> None:
        self.comparison = comparison
        self.sides[0].canvas.set_extra(shapes_on_first(comparison))
        self.sides[1].canvas.set_extra(shapes_on_second(comparison))

    def _set_linked(self, linked: bool) -> None:
        self.link.enabled = linked

    def _note_view(self, state: ViewState) -> None:
        self._window = state.window

    def _select_row(self, number: int, box_id: str | None) -> None:
        self.results.boxes.select_box(box_id, first=number == 0)

    def _hover_partner(self, number: int, box_id: str | None) -> None:
        """Light up the same box on the other side."""
        if self._hovering:
            return
        partner = None
        for row in self.comparison:
            here, there = (row.first, row.second) if number == 0 else (row.second, row.first)
            if here is not None and here.id == box_id:
                partner = there
        self._hovering = True
        self.sides[1 - number].board.hover(None if partner is None else partner.id)
        self._hovering = False

    def _select_boxes(self, row: ComparedBox) -> None:
        for side, box in zip(self.sides, (row.first, row.second), strict=True):
            side.board.select(None if box is None else box.id)
