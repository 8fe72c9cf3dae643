"""The panel's own behaviour, with a controller that nothing is behind."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from medmo_desktop.asking.answer_view import AnswerView
from medmo_desktop.asking.controller import ControllerState, InferenceController
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.asking.presets import PRESETS
from medmo_desktop.asking.requests import AskRequest, AskResult
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.reading import read_boxes
from medmo_models.imaging import image_from_pixels
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import TASK_PROMPTS
from medmo_runtime.answer import Answer, AnswerArtifact, AnswerBackend, AnswerImage, AnswerStats
from medmo_runtime.worker.protocol import Opened
from support.asking import phantom_choice

TEXT = "😀.\nA nodule <box>[[100, 200, 300, 400]]</box>.\n<b>Not bold</b>. A mass <box>[[0, 0, 500, 500]]</box>."


class SilentController(InferenceController):
    """Takes questions and answers none."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[AskRequest] = []
        self.prepared: list[AskRequest] = []
        self.stops = 0

    def ask(self, request: AskRequest) -> None:
        self.asked.append(request)
        self._set_state(activity="answering", opened=OPENED)

    def prepare(self, request: AskRequest) -> None:
        self.prepared.append(request)

    def stop(self) -> None:
        self.stops += 1

    def answer(self, text: str, **stats: object) -> None:
        """Answer the last question."""
        request = self.asked[-1]
        image = image_from_pixels(make_phantom(31, 0).pixels)
        answer = Answer(
            text,
            (),
            ("truncated",),
            AnswerImage(100, 100, 64, 64, "0" * 64),
            AnswerArtifact("model", "id", "onnx-int4", 4.5),
            AnswerBackend("onnx", "cpu", "the only one", ("the image is smaller",)),
            AnswerStats(**{**STATS, **stats}),  # type: ignore[arg-type]
        )
        self._set_state(activity="idle")
        self.answered.emit(AskResult(request, (image,), answer, OPENED, ()))


STATS = {
    "load_s": 0.0,
    "vision_s": 0.1,
    "prefill_s": 0.1,
    "prompt_tokens": 80,
    "image_tokens": 64,
    "cached_tokens": 70,
    "new_tokens": 9,
    "decode_tokens_per_s": 12.5,
    "peak_memory_bytes": 1,
    "finish_reason": "length",
}
OPENED = Opened("model", "onnx-int4", "onnx", "cpu", "float32", "the only one", "key", (), None, 0.0, ())


@pytest.fixture
def controller(qtbot: QtBot) -> SilentController:
    return SilentController()


@pytest.fixture
def board(qtbot: QtBot) -> FindingBoard:
    return FindingBoard()


@pytest.fixture
def panel(qtbot: QtBot, controller: SilentController, board: FindingBoard) -> AskPanel:
    panel = AskPanel(controller, board)
    qtbot.addWidget(panel)
    panel.show_images([phantom_choice(0), phantom_choice(1)])
    panel.resize(600, 700)
    panel.show()
    return panel


def stream(panel: AskPanel, controller: SilentController, text: str) -> None:
    panel.ask("What is this?")
    controller.started.emit(controller.asked[-1])
    for character in text:
        controller.text.emit(character)


def test_while_tokens_come_their_number_and_speed_are_shown(
    panel: AskPanel, controller: SilentController, qtbot: QtBot
) -> None:
    panel.ask("What is this?")
    controller.started.emit(controller.asked[-1])
    controller.phase.emit("prefill")
    qtbot.waitUntil(lambda: panel.phases.text("prefill").endswith("0.1 s"), timeout=5_000)
    assert panel.phases.text("prefill").startswith("▶")
    controller.phase.emit("decode")
    for _ in range(5):
        controller.text.emit("a ")
    qtbot.waitUntil(lambda: "5 tokens, " in panel.status.text(), timeout=5_000)
    first = panel.status.text()
    assert re.fullmatch(r"Answering… 5 tokens, \d+\.\d tokens/s", first)
    assert re.match(r"▶ Decode \d+\.\d s", panel.phases.text("decode"))
    qtbot.waitUntil(lambda: panel.status.text() != first, timeout=5_000)  # no token comes: the speed falls
    controller.answer("done")
    assert not panel.status.text().startswith("Answering")


def test_presets_cover_every_task_and_start_from_the_shared_prompts(panel: AskPanel, qtbot: QtBot) -> None:
    prompts = {preset.task: preset.prompt for preset in PRESETS}
    assert list(prompts) == ["vqa", "report", "localize", "ground", "classify", "summarize"]
    assert {task: prompts[task] for task in TASK_PROMPTS} == TASK_PROMPTS
    ground = next(preset for preset in PRESETS if preset.task == "ground")
    panel.prompt.use_preset(ground)
    qtbot.keyClicks(panel.prompt.edit, "left lung")
    assert panel.prompt.edit.toPlainText() == "Detect and localize the left lung in this image."


def test_a_report_is_summarized_without_an_image(panel: AskPanel, controller: SilentController) -> None:
    panel.prompt.use_preset(next(preset for preset in PRESETS if preset.task == "summarize"))
    panel.prompt.ask_button.click()
    assert controller.asked[-1].images == ()
    assert controller.asked[-1].subject == "phantom 0"


def test_chosen_images_go_along_and_the_one_on_screen_comes_first(
    panel: AskPanel, controller: SilentController
) -> None:
    panel.ask("a")
    assert [image.id for image in controller.asked[-1].images] == ["phantom 0"]
    second = panel.prompt.chips.findChildren(type(panel.prompt.chips._buttons[0]))[-1]
    second.click()
    panel.ask("b")
    assert [image.id for image in controller.asked[-1].images] == ["phantom 0", "phantom 1"]


def test_keys_ask_and_stop(qtbot: QtBot, panel: AskPanel, controller: SilentController) -> None:
    qtbot.keyClick(panel.prompt.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert controller.asked == []  # nothing is written yet
    panel.prompt.set_prompt("What is this?")
    qtbot.keyClick(panel.prompt.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [request.prompt for request in controller.asked] == ["What is this?"]
    assert panel.prompt.stop_button.isEnabled()
    assert not panel.prompt.ask_button.isEnabled()
    qtbot.keyClick(panel.prompt.edit, Qt.Key.Key_Escape)
    qtbot.keyClick(panel.answer, Qt.Key.Key_Escape)
    assert controller.stops == 2


def test_boxes_appear_while_the_text_streams_in(
    qtbot: QtBot, panel: AskPanel, controller: SilentController, board: FindingBoard
) -> None:
    board.show(board.boxes.added("mine", (1, 1, 2, 2)))
    end = TEXT.index("</box>") + 1
    stream(panel, controller, TEXT[:end])
    qtbot.waitUntil(lambda: len(board.boxes) == 2, timeout=2000)
    assert [box.label for box in board.boxes] == ["nodule", "mine"]
    assert [span.box_ids for span in panel.answer.spans] == [("m0",)]
    assert panel.answer.text == TEXT[:end]


def test_an_answer_about_an_image_that_is_no_longer_shown_waits_there(
    qtbot: QtBot, panel: AskPanel, controller: SilentController, board: FindingBoard
) -> None:
    stream(panel, controller, TEXT)
    panel.show_images([phantom_choice(1)])
    assert panel.answer.text == ""
    assert len(board.boxes) == 0
    panel.show_images([phantom_choice(0)])
    assert panel.answer.text == TEXT
    assert [box.label for box in board.boxes] == ["nodule", "mass"]
    panel.show_images([phantom_choice(1)])
    with qtbot.waitSignal(panel.turn_added, timeout=1000) as added:
        controller.answer("nothing")
    assert added.args[0].result.request.subject == "phantom 0"
    assert panel.answer.text == ""
    panel.show_images([phantom_choice(0)])
    assert panel.answer.text == "nothing"


def test_notes_say_what_was_unusual_and_why_this_backend(panel: AskPanel, controller: SilentController) -> None:
    stream(panel, controller, "A nod")
    controller.answer("A nod")
    notes = panel.notes.text()
    for words in ("limit of 9 tokens", "middle of a box", "the image is smaller", "onnx/cpu: the only one"):
        assert words in notes
    assert "12.5 tokens/s" in panel.status.text()
    assert "70 of 80 prompt tokens reused" in panel.status.text()


def test_turns_keep_their_answers_and_the_users_boxes(
    panel: AskPanel, controller: SilentController, board: FindingBoard
) -> None:
    for text in ("first", "second"):
        stream(panel, controller, text)
        controller.answer(text)
    board.edit(board.boxes.added("mine", (1, 1, 2, 2)), "draw")
    panel.turns.setCurrentRow(0)
    assert panel.answer.text == "first"
    assert len(board.boxes) == 0
    panel.turns.setCurrentRow(1)
    assert [box.label for box in board.boxes] == ["mine"]
    assert len(panel._next_request("third").history) == 4
    panel.new_button.click()
    assert panel.turns.count() == 0
    assert panel._next_request("third").history == ()


def test_encoding_ahead_happens_only_if_the_user_allows_it(panel: AskPanel, controller: SilentController) -> None:
    panel.show_images([phantom_choice(2)])
    assert controller.prepared == []
    panel.prepares_ahead = True
    panel.show_images([phantom_choice(1)])
    assert [image.id for image in controller.prepared[-1].images] == ["phantom 1"]


def test_a_failure_offers_to_try_again_only_where_that_helps(panel: AskPanel, controller: SilentController) -> None:
    controller.failed.emit("The model's process was killed.", True)
    assert panel.retry_button.isVisible()
    controller.failed.emit("This file is damaged.", False)
    assert not panel.retry_button.isVisible()
    assert panel.status.text() == "This file is damaged."


def test_an_answer_is_shown_as_it_is_and_never_as_markup(qtbot: QtBot, board: FindingBoard) -> None:
    view = AnswerView(board)
    qtbot.addWidget(view)
    view.show_answer(TEXT)
    assert view.toPlainText() == TEXT
    view.append_piece("<img src='x'>")
    assert view.toPlainText().endswith("<img src='x'>")


def test_pointing_at_a_phrase_hovers_and_clicking_selects_its_box(qtbot: QtBot, board: FindingBoard) -> None:
    view = AnswerView(board)
    qtbot.addWidget(view)
    view.resize(900, 300)
    view.show()
    view.show_answer(TEXT)
    board.show(read_boxes(TEXT, (100, 100), None, "relative-1000"))

    def point(words: str) -> QPoint:
        cursor = QTextCursor(view.document())
        cursor.setPosition(view.position_of(TEXT.index(words)))
        return view.cursorRect(cursor).center() + QPoint(3, 0)

    for words, box in (("nodule", "m0"), ("mass", "m1"), ("Not", None)):
        qtbot.mouseMove(view.viewport(), point(words))
        assert board.hovered == box
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point("mass"))
    assert board.selected == "m1"

    def lit() -> list[str]:
        selections = view.extraSelections()
        return [s.cursor.selectedText() for s in selections if s.format.background().style() != Qt.BrushStyle.NoBrush]

    board.hover("m0")
    assert any(text.startswith("nodule") for text in lit())
    assert not any(text.startswith("mass") for text in lit())


def test_states_are_told_in_words(panel: AskPanel, controller: SilentController) -> None:
    controller.state_changed.emit(ControllerState("preparing", OPENED, 1))
    assert "once the image is encoded" in panel.status.text()
    controller.state_changed.emit(ControllerState("opening"))
    assert "Loading" in panel.status.text()
