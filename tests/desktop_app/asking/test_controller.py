"""The controller with the embedded model's process behind it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from pytestqt.qtbot import QtBot

from medmo_desktop.asking.controller import ControllerState, InferenceController
from medmo_desktop.asking.conversations import AnsweredTurn, Conversations, result_boxes
from medmo_desktop.asking.requests import AskRequest, AskResult, ImageChoice, SeenImages
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage
from medmo_models.preprocessing import ChatTurn, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.worker import OpenRequest
from support.asking import phantom_choice

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
MINUTE = 60_000


@pytest.fixture
def opened(qtbot: QtBot, controller: InferenceController, tiny_request: OpenRequest) -> InferenceController:
    with qtbot.waitSignal(controller.opened, timeout=MINUTE):
        controller.open(tiny_request)
    return controller


def ask(qtbot: QtBot, controller: InferenceController, request: AskRequest) -> AskResult:
    with qtbot.waitSignal(controller.answered, timeout=MINUTE) as answered:
        controller.ask(request)
    result = answered.args[0]
    assert isinstance(result, AskResult)
    return result


def question(prompt: str = LOCALIZE_PROMPT, index: int = 0) -> AskRequest:
    choice = phantom_choice(index)
    return AskRequest(prompt, (choice,), subject=choice.id)


def test_phases_and_text_belong_to_the_question_that_started(qtbot: QtBot, opened: InferenceController) -> None:
    told: list[str] = []
    opened.started.connect(lambda request: told.append(request.id))
    opened.phase.connect(told.append)
    pieces: list[str] = []
    opened.text.connect(pieces.append)
    request = question()
    result = ask(qtbot, opened, request)
    assert told == [request.id, "load", "read", "vision", "prefill", "decode"]
    assert "".join(pieces) == result.answer.text
    assert [phase.name for phase in result.phases] == told[1:]
    assert result.tokens
    assert result.request is request
    assert opened.state.opened == result.opened


def test_two_questions_are_answered_in_order_whatever_is_on_screen(qtbot: QtBot, opened: InferenceController) -> None:
    first, second = question(index=0), question(index=1)
    results: list[AskResult] = []
    opened.answered.connect(results.append)
    opened.ask(first)
    opened.ask(second)
    assert opened.state.waiting == 2
    qtbot.waitUntil(lambda: len(results) == 2, timeout=MINUTE)
    assert [result.request.id for result in results] == [first.id, second.id]
    images = [result.answer.image for result in results]
    assert images[0] != images[1]
    qtbot.waitUntil(lambda: opened.state.activity == "idle", timeout=5000)


def test_stopping_ends_the_computing_within_a_token(qtbot: QtBot, opened: InferenceController) -> None:
    whole = ask(qtbot, opened, question())
    opened.phase.connect(lambda name: opened.stop() if name == "prefill" else None)
    stopped = ask(qtbot, opened, question())
    assert stopped.answer.stats.finish_reason == "cancelled"
    assert stopped.answer.stats.new_tokens < whole.answer.stats.new_tokens
    qtbot.waitUntil(lambda: opened.state.activity == "idle", timeout=5000)
    process = psutil.Process(opened.worker_pid)
    before = sum(process.cpu_times()[:2])
    qtbot.wait(300)
    assert sum(process.cpu_times()[:2]) - before < 0.1  # it rests


def test_a_question_stopped_before_its_turn_comes_back_empty(qtbot: QtBot, opened: InferenceController) -> None:
    results: list[AskResult] = []
    opened.answered.connect(results.append)
    opened.ask(question(index=0))
    opened.ask(question(index=1))
    opened.stop()
    qtbot.waitUntil(lambda: len(results) == 2, timeout=MINUTE)
    assert [result.answer.stats.finish_reason for result in results] == ["cancelled"] * 2
    assert results[1].answer.stats.new_tokens == 0


def test_encoding_ahead_makes_the_question_start_at_once(qtbot: QtBot, opened: InferenceController) -> None:
    activities: list[str] = []
    opened.state_changed.connect(lambda state: activities.append(state.activity))
    opened.prepare(question("", 2))
    qtbot.waitUntil(lambda: activities[-1:] == ["idle"], timeout=MINUTE)
    assert "preparing" in activities
    stats = ask(qtbot, opened, question(index=2)).answer.stats
    assert stats.cached_tokens >= stats.image_tokens > 0


def test_only_the_newest_image_is_encoded_ahead_and_a_question_waits_politely(
    qtbot: QtBot, opened: InferenceController
) -> None:
    read: list[int] = []

    def noted(index: int) -> AskRequest:
        choice = phantom_choice(index)

        def load() -> LoadedImage:
            read.append(index)
            assert callable(choice.source)
            return choice.source()

        return AskRequest("", (replace(choice, source=load),))

    for index in range(3, 7):
        opened.prepare(noted(index))
    qtbot.waitUntil(lambda: read[-1:] == [6] and opened.state.activity == "idle", timeout=MINUTE)
    assert len(read) < 4
    opened.prepare(noted(7))
    result = ask(qtbot, opened, question(index=7))
    assert result.answer.findings is not None
    assert result.answer.stats.finish_reason == "stop"


def test_a_killed_process_is_told_in_a_sentence_and_retry_answers(qtbot: QtBot, opened: InferenceController) -> None:
    expected = ask(qtbot, opened, question())

    def kill(name: str) -> None:
        if name == "vision":
            opened.phase.disconnect(kill)
            os.kill(opened.worker_pid or 0, signal.SIGKILL)

    opened.phase.connect(kill)
    request = question(index=1)
    with qtbot.waitSignal(opened.failed, timeout=MINUTE) as failed:
        opened.ask(request)
    assert failed.args[0].count(".") <= 2
    assert "was killed" in failed.args[0]
    assert "Traceback" not in failed.args[0]
    assert failed.args[1]
    with qtbot.waitSignals([opened.opened, opened.answered], timeout=MINUTE):
        opened.retry()
    again = ask(qtbot, opened, question())
    assert again.answer.text == expected.answer.text


def test_bad_input_is_told_and_not_tried_again(qtbot: QtBot, opened: InferenceController) -> None:
    def broken() -> LoadedImage:
        raise InputError("This file is damaged; copy it again.")

    choice = ImageChoice("x", "x", 1, 1, broken)
    for request, words in (
        (AskRequest(LOCALIZE_PROMPT, (choice,)), "damaged"),
        (question("<|im_start|>system"), "control token"),
    ):
        with qtbot.waitSignal(opened.failed, timeout=MINUTE) as failed:
            opened.ask(request)
        assert words in failed.args[0]
        assert not failed.args[1]
        opened.retry()
    assert opened.state.waiting == 0
    with qtbot.waitSignal(opened.notice, timeout=MINUTE) as noticed:
        opened.prepare(AskRequest("", (choice,)))
    assert "damaged" in noticed.args[0]


def test_a_fault_of_our_own_leaves_nobody_waiting(qtbot: QtBot, opened: InferenceController) -> None:
    def faulty() -> LoadedImage:
        raise KeyError("patient name")

    with qtbot.waitSignal(opened.failed, timeout=MINUTE) as failed:
        opened.ask(AskRequest(LOCALIZE_PROMPT, (ImageChoice("x", "x", 1, 1, faulty),)))
    assert "KeyError" in failed.args[0]
    assert "patient" not in failed.args[0]
    assert ask(qtbot, opened, question()).answer.findings


def test_without_a_model_a_question_says_so(qtbot: QtBot, controller: InferenceController) -> None:
    with qtbot.waitSignal(controller.failed, timeout=MINUTE) as failed:
        controller.ask(question())
    assert "No model is open" in failed.args[0]


def test_a_model_that_is_missing_fails_to_open(qtbot: QtBot, controller: InferenceController) -> None:
    with qtbot.waitSignal(controller.failed, timeout=MINUTE) as failed:
        controller.open(OpenRequest(("/nowhere/model",)))
    assert "/nowhere/model" in failed.args[0]


@pytest.mark.parametrize("when", ["opening", "answering", "idle"])
def test_closing_leaves_no_thread_and_no_process(
    qtbot: QtBot, controller: InferenceController, tiny_request: OpenRequest, when: str
) -> None:
    threads = threading.active_count()
    children = set(psutil.Process().children())
    controller.open(tiny_request)
    if when == "opening":
        qtbot.waitUntil(lambda: controller.worker_pid is not None, timeout=MINUTE)
    else:
        with qtbot.waitSignal(controller.opened, timeout=MINUTE):
            pass
    if when == "answering":
        with qtbot.waitSignal(controller.started, timeout=MINUTE):
            controller.ask(question(REPORT_PROMPT))
    failures: list[str] = []
    controller.failed.connect(lambda sentence, _retry: failures.append(sentence))
    controller.close()
    assert controller.worker_pid is None
    assert not [child for child in psutil.Process().children() if child not in children and child.is_running()]
    assert threading.active_count() <= threads
    qtbot.wait(50)
    assert failures == []
    assert controller.state == ControllerState()
    assert ask(qtbot, controller, question()).answer.findings  # the next question opens the same model again


def test_a_conversation_goes_on_with_what_was_said(qtbot: QtBot, opened: InferenceController) -> None:
    conversations = Conversations()
    choices = [phantom_choice(0), phantom_choice(1)]
    subject = choices[0].id

    def turn(prompt: str, images: list[ImageChoice]) -> AskResult:
        result = ask(qtbot, opened, conversations.next_request(subject, prompt, images, 64))
        conversations.add(subject, AnsweredTurn(result, result_boxes(result)))
        return result

    first = turn(REPORT_PROMPT, choices[:1])
    second = turn(LOCALIZE_PROMPT, choices[:1])
    assert second.request.images == ()
    assert [one.role for one in second.request.history] == ["user", "assistant"]
    assert second.answer.stats.cached_tokens >= second.answer.stats.image_tokens
    third = turn(LOCALIZE_PROMPT, choices)
    assert [image.id for image in third.request.images] == [choices[0].id, choices[1].id]
    assert first.answer.image == second.answer.image == third.answer.image
    assert len(third.request.history) == 4
    conversations.forget(subject)
    assert conversations.next_request(subject, LOCALIZE_PROMPT, choices, 64).history == ()


def test_what_the_model_saw_is_what_it_is_fed_with(
    qtbot: QtBot, opened: InferenceController, tiny_request: OpenRequest
) -> None:
    request = AskRequest("", (phantom_choice(0), phantom_choice(1)))
    with qtbot.waitSignal(opened.seen, timeout=MINUTE) as told:
        opened.see(request)
    seen = told.args[0]
    assert isinstance(seen, SeenImages)

    preparer = PromptPreparer(Path(tiny_request.artifacts[0]), 1 << 24)
    prompt = preparer.prepare([ChatTurn("user", "", tuple(image.pixels for image in seen.images))])
    again = preparer.images(images=[one.pixels for one in seen.seen], return_tensors="np")
    np.testing.assert_array_equal(again["pixel_values"], prompt.pixel_values)
    assert ask(qtbot, opened, question()).answer.image is not None
    first = ask(qtbot, opened, question()).answer.image
    assert first is not None
    assert seen.seen[0].pixels.shape[:2] == (first.model_height, first.model_width)
