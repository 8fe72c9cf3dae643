"""A session in another process: the same answers, and a caller that survives whatever happens there."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest

from medmo_models.artifact import Artifact
from medmo_models.errors import CannotRunError, InputError, OutOfMemoryError, ProcessDiedError
from medmo_models.imaging import LoadedImage, image_from_pixels
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.answer import Answer, read_answer
from medmo_runtime.conversation import Conversation, Turn
from medmo_runtime.generation import StopSignal
from medmo_runtime.session import Session
from medmo_runtime.worker import OpenRequest, WorkerSession, child
from medmo_runtime.worker.client import measure_in_worker
from support.processes import limit_memory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
#: Not the whole sentence: libraries differ in whether they notice a failed allocation.
MEMORY_OR_DEATH = (OutOfMemoryError, ProcessDiedError)


def image(index: int = 0) -> LoadedImage:
    return image_from_pixels(np.ascontiguousarray(make_phantom(31, index).pixels[:224, :224]))


@pytest.fixture
def request_(tiny_onnx: Artifact) -> OpenRequest:
    return OpenRequest((str(tiny_onnx.path),), dtype="float32")


@pytest.fixture
def worker(request_: OpenRequest) -> Iterator[WorkerSession]:
    with WorkerSession(request_) as session:
        yield session
    assert session.pid is None


def same(first: Answer, second: Answer) -> bool:
    return (first.text, first.marks, first.image) == (second.text, second.marks, second.image) and [
        box.pixels for finding in first.findings for box in finding.boxes
    ] == [box.pixels for finding in second.findings for box in finding.boxes]


def test_the_worker_answers_as_the_same_session_in_this_process(tiny_onnx: Artifact, worker: WorkerSession) -> None:
    pieces: list[str] = []
    phases: list[str] = []
    with Session.open([tiny_onnx], dtype="float32") as session:
        for number in range(2):
            here = session.ask([image(number)], LOCALIZE_PROMPT)
            there = worker.ask(
                [image(number)],
                LOCALIZE_PROMPT,
                on_text=lambda piece: pieces.append(piece) or True,  # type: ignore[func-returns-value]
                on_phase=phases.append,
            )
            assert same(here, there)
            assert here.findings
    assert "".join(pieces).endswith(there.text)
    assert phases == ["load", "vision", "prefill", "decode", "vision", "prefill", "decode"]
    assert there.stats.peak_memory_bytes < psutil.Process().memory_info().rss  # its own, and without torch


def test_an_answer_survives_json(worker: WorkerSession) -> None:
    answer = worker.ask([image()], LOCALIZE_PROMPT)
    assert answer.findings
    assert read_answer(answer.to_json()) == answer


def test_a_conversation_keeps_its_images_and_reuses_what_is_cached(worker: WorkerSession) -> None:
    conversation = Conversation(worker)
    first = conversation.ask(REPORT_PROMPT, [image(0), image(1)])
    second = conversation.ask(LOCALIZE_PROMPT)
    assert second.stats.cached_tokens >= second.stats.image_tokens
    assert second.image == first.image  # boxes belong to the first image of the last turn that had any
    third = conversation.ask(LOCALIZE_PROMPT, [image(2)])
    assert third.image is not None
    assert third.image.sha256 == image(2).sha256
    assert len(conversation.turns) == 6


def test_encoding_ahead_and_kept_images_work_there_too(
    request_: OpenRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("images")
    with WorkerSession(request_) as worker:
        worker.keep_encoded_images(folder)
        worker.prepare([image()])
        assert list(folder.rglob("*.safetensors"))
        answer = worker.ask([image()], LOCALIZE_PROMPT)
        assert answer.stats.cached_tokens >= answer.stats.image_tokens


def test_returning_false_stops_it(worker: WorkerSession) -> None:
    answer = worker.ask([image()], REPORT_PROMPT, on_text=lambda _piece: False)
    assert answer.stats.finish_reason == "cancelled"
    whole = worker.ask([image()], REPORT_PROMPT)
    assert whole.stats.finish_reason == "stop"
    assert answer.stats.new_tokens < whole.stats.new_tokens


@pytest.mark.parametrize("phase", ["vision", "prefill", "decode"])
def test_a_stop_signal_ends_it_in_every_phase(worker: WorkerSession, phase: str) -> None:
    whole = worker.ask([image()], REPORT_PROMPT)
    stop = StopSignal()
    answer = worker.ask(
        [image(1)], REPORT_PROMPT, on_phase=lambda name: stop.set() if name == phase else None, stop=stop
    )
    assert answer.stats.finish_reason == "cancelled"
    assert answer.stats.new_tokens < whole.stats.new_tokens
    assert same(worker.ask([image()], REPORT_PROMPT), whole)  # nothing of the stopped one is left in the cache


def test_a_signal_that_is_set_before_stops_at_once(worker: WorkerSession) -> None:
    stop = StopSignal()
    stop.set()
    assert worker.ask([image()], REPORT_PROMPT, stop=stop).stats.new_tokens == 0


def kill_in(worker: WorkerSession, phase: str, number: signal.Signals) -> Callable[[str], None]:
    def act(name: str) -> None:
        if name == phase:
            assert worker.pid is not None
            os.kill(worker.pid, number)

    return act


@pytest.mark.parametrize(
    ("phase", "doing"),
    [("vision", "encoding the image"), ("prefill", "reading the prompt"), ("decode", "writing the answer")],
)
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "was killed, as the system does when memory runs out"),
        (signal.SIGSEGV, "crashed (segmentation fault)"),
        (signal.SIGILL, "lacks an instruction"),
    ],
)
def test_a_death_is_a_sentence_and_the_next_question_works(
    worker: WorkerSession, phase: str, doing: str, number: signal.Signals, words: str
) -> None:
    whole = worker.ask([image()], REPORT_PROMPT)
    died = worker.pid
    with pytest.raises(ProcessDiedError) as error:
        worker.ask([image(1)], REPORT_PROMPT, on_phase=kill_in(worker, phase, number))
    assert words in str(error.value)
    assert doing in str(error.value)
    assert error.value.exit_code == 3
    assert worker.pid is None
    assert same(worker.ask([image()], REPORT_PROMPT), whole)
    assert worker.pid != died


def test_a_death_while_loading_is_a_sentence_too(request_: OpenRequest) -> None:
    with WorkerSession(request_) as worker:

        def kill() -> None:
            while worker.pid is None:
                time.sleep(0.001)
            os.kill(worker.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(ProcessDiedError, match=r"was killed.* while (starting|loading)"):
            worker.open()
        killer.join()
        assert worker.open().backend == "onnx"


def test_a_worker_that_died_between_two_questions_is_replaced_without_a_word(worker: WorkerSession) -> None:
    worker.open()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    psutil.Process(worker.pid).wait(5) if psutil.pid_exists(worker.pid) else None
    assert worker.ask([image()], LOCALIZE_PROMPT).findings


def test_the_worker_ends_when_its_caller_does(request_: OpenRequest) -> None:
    program = (
        "import os, sys; from medmo_runtime.worker import OpenRequest, WorkerSession;"
        "session = WorkerSession(OpenRequest((sys.argv[1],))); session.open(); print(session.pid, flush=True);"
        "os._exit(1)"
    )
    import subprocess

    finished = subprocess.run(
        [sys.executable, "-c", program, request_.artifacts[0]], capture_output=True, text=True, check=False
    )
    pid = int(finished.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
@pytest.mark.parametrize("phase", ["load", "vision", "prefill"])
def test_running_out_of_memory_is_a_sentence_and_frees_everything(request_: OpenRequest, phase: str) -> None:
    with WorkerSession(request_) as worker:

        def squeeze(name: str) -> None:
            if name == phase and worker.pid is not None:
                limit_memory(worker.pid, 0.5)

        if phase == "load":
            thread = threading.Thread(target=lambda: _squeeze_when_started(worker))
            thread.start()
            with pytest.raises(CannotRunError):
                worker.open()
            thread.join()
        else:
            worker.open()
            with pytest.raises(MEMORY_OR_DEATH) as error:
                # So many different images that the answer is far from ready when memory is gone.
                worker.ask([image(number) for number in range(24)], REPORT_PROMPT, on_phase=squeeze)
            assert "\n" not in str(error.value)
            assert "emory" in str(error.value) or "process" in str(error.value)
        assert worker.pid is None  # the process and all its memory are gone
        assert worker.ask([image()], LOCALIZE_PROMPT).findings


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_without_memory_while_writing_the_answer_is_whole_or_a_sentence(request_: OpenRequest) -> None:
    with WorkerSession(request_) as worker:
        whole = worker.ask([image()], REPORT_PROMPT)

        def squeeze(name: str) -> None:
            if name == "decode" and worker.pid is not None:
                limit_memory(worker.pid, 0.5)  # less than it has: no block can be added

        # All buffers are there by then: whether anything more is needed is the allocator's affair.
        answer, said = None, ""
        try:
            answer = worker.ask([image()], REPORT_PROMPT, on_phase=squeeze)
        except MEMORY_OR_DEATH as error:
            said = str(error)
        if answer is None:
            assert said
            assert "\n" not in said
            assert worker.pid is None
        else:
            assert same(answer, whole)
        worker.close()
        assert same(worker.ask([image()], REPORT_PROMPT), whole)


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
@pytest.mark.parametrize("phase", ["load", "prefill"])  # while decoding, what there is may be enough
def test_running_out_of_memory_in_torch_is_a_sentence_too(phase: str) -> None:
    with WorkerSession(OpenRequest((str(embedded_model_path()),))) as worker:

        def squeeze(name: str) -> None:
            if name == phase and worker.pid is not None:
                limit_memory(worker.pid)

        if phase == "load":
            thread = threading.Thread(target=lambda: _squeeze_when_started(worker))
            thread.start()
            with pytest.raises(MEMORY_OR_DEATH) as error:
                worker.open()
            thread.join()
        else:
            with pytest.raises(OutOfMemoryError, match="ran out of memory") as error:
                worker.ask([image()] * 3, LOCALIZE_PROMPT, on_phase=squeeze)
        assert "\n" not in str(error.value)
        assert error.value.exit_code == 3
        assert worker.pid is None


def _squeeze_when_started(worker: WorkerSession) -> None:
    while worker.pid is None:
        time.sleep(0.001)
    time.sleep(0.1)
    limit_memory(worker.pid)


def test_what_would_need_less_is_said_and_auto_tries_it_once(request_: OpenRequest) -> None:
    notices: list[str] = []
    with WorkerSession(request_, auto=True, on_notice=notices.append) as worker:
        opened = worker.open()
        assert opened.given_up == ()
        assert "prompts are read a few tokens at a time" in (opened.next_plan or "")
        kills = iter([True])

        def kill_once(name: str) -> None:
            if name == "prefill" and next(kills, False):
                assert worker.pid is not None
                os.kill(worker.pid, signal.SIGKILL)

        answer = worker.ask([image()], LOCALIZE_PROMPT, on_phase=kill_once)
    assert answer.findings
    assert answer.backend.given_up == ("prompts are read a few tokens at a time, which takes longer",)
    assert "Trying once more" in notices[0]
    assert "The second try worked" in notices[1]


def test_auto_gives_up_after_the_second_failure(request_: OpenRequest) -> None:
    with WorkerSession(request_, auto=True) as worker:
        worker.open()
        with pytest.raises(ProcessDiedError):
            worker.ask([image()], LOCALIZE_PROMPT, on_phase=kill_in(worker, "vision", signal.SIGKILL))


def test_errors_keep_their_kind(request_: OpenRequest, worker: WorkerSession) -> None:
    with pytest.raises(InputError, match="control token"):
        worker.ask([image()], "<|im_start|>system")
    assert worker.ask([image()], LOCALIZE_PROMPT).findings
    with WorkerSession(OpenRequest(request_.artifacts, backend="gptq")) as wrong, pytest.raises(InputError):
        wrong.open()
    with WorkerSession(OpenRequest(("/nowhere",))) as missing, pytest.raises(InputError, match="/nowhere"):
        missing.open()


def test_other_windows_of_one_file_are_other_images(worker: WorkerSession) -> None:
    first = image()
    other = LoadedImage(**{**vars(first), "pixels": np.zeros_like(first.pixels)})
    answers = [worker.ask([picture], LOCALIZE_PROMPT) for picture in (first, other, first)]
    assert same(answers[0], answers[2])
    assert answers[1].stats.cached_tokens < answers[1].stats.image_tokens


def test_many_images_in_a_long_history_arrive_in_order(worker: WorkerSession) -> None:
    pictures = [image(number) for number in range(10)]
    history = [Turn("user", f"Image {number}.", (picture,)) for number, picture in enumerate(pictures)]
    for _ in range(2):
        answer = worker.ask([], "What is this?", history=history, max_new_tokens=2)
        assert answer.image is not None
        assert answer.image.sha256 == pictures[-1].sha256


def test_a_self_test_in_a_worker_says_right_or_wrong(tiny_onnx: Artifact) -> None:
    made = measure_in_worker(tiny_onnx.path, "onnx", "cpu", "int8", None)
    assert made.correct is True
    assert made.decode_tokens_per_s is not None
    assert made.prefill_tokens_per_s is not None
    late = measure_in_worker(tiny_onnx.path, "onnx", "cpu", "int8", None, timeout_s=0.01)
    assert late.correct is False
    assert "longer than" in late.reason


def test_a_backend_that_raises_in_its_self_test_is_refused_with_the_librarys_words(tiny_onnx: Artifact) -> None:
    made = measure_in_worker(tiny_onnx.path, "onnx", "warp", "int8", None)
    assert made.correct is False
    assert made.reason == "it failed: ValueError: no device warp"


def test_a_backend_that_crashes_in_its_self_test_is_refused_and_the_caller_lives(tiny_onnx: Artifact) -> None:
    def crash() -> None:
        me = psutil.Process()
        while not (children := [one for one in me.children() if "medmo_runtime.worker" in " ".join(one.cmdline())]):
            time.sleep(0.001)
        children[0].send_signal(signal.SIGSEGV)

    thread = threading.Thread(target=crash)
    thread.start()
    made = measure_in_worker(tiny_onnx.path, "onnx", "cpu", "int8", None)
    thread.join()
    assert made.correct is False
    assert made.reason == "its process crashed (segmentation fault)"


@pytest.mark.parametrize(("code", "because_of_memory"), [(127, True), (3, False)])
def test_a_process_that_its_c_library_ended_ran_out_of_memory(
    code: int, because_of_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = [sys.executable, "-c", f"import os; os._exit({code})"]
    monkeypatch.setattr(child, "child_command", lambda _module: ending)
    with pytest.raises(ProcessDiedError) as caught:
        child.Child("nothing").receive()
    assert caught.value.memory_ran_out == because_of_memory
    assert ("memory ran out" in str(caught.value)) == because_of_memory
