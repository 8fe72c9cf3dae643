"""Jobs: off the thread that made them, one end each, and gone when they are cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_models.errors import InputError


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    made = JobRunner()
    yield made
    made.shut_down()


def ends(job: Job) -> list[str]:
    seen: list[str] = []
    job.succeeded.connect(lambda value: seen.append(f"succeeded {value}"))
    job.failed.connect(lambda text: seen.append(f"failed {text}"))
    job.cancelled.connect(lambda: seen.append("cancelled"))
    return seen


def run(qtbot: QtBot, runner: JobRunner, job: Job) -> list[str]:
    seen = ends(job)
    with qtbot.waitSignal(job.finished, timeout=5000):
        runner.start(job)
    qtbot.waitUntil(lambda: not runner.busy)
    return seen


def test_work_happens_elsewhere_and_signals_arrive_here(qtbot: QtBot, runner: JobRunner) -> None:
    here = threading.get_ident()
    workers: list[int] = []
    listeners: list[int] = []

    def work(control: JobControl) -> int:
        workers.append(threading.get_ident())
        control.report("counting", 5 * 10**9, 10 * 10**9)
        return 7

    job = Job(work)
    progress: list[tuple[str, int, int]] = []
    job.progressed.connect(lambda *told: progress.append(told))
    job.progressed.connect(lambda *_: listeners.append(threading.get_ident()))
    assert run(qtbot, runner, job) == ["succeeded 7"]
    assert workers != [here]
    assert listeners == [here]
    assert progress == [("counting", 5 * 10**9, 10 * 10**9)]  # more than Qt's int holds


def test_an_error_for_the_user_arrives_as_its_sentence(qtbot: QtBot, runner: JobRunner) -> None:
    def work(_control: JobControl) -> None:
        raise InputError("The disk is full.")

    assert run(qtbot, runner, Job(work)) == ["failed The disk is full."]


def test_a_fault_names_its_kind_and_none_of_its_words(
    qtbot: QtBot, runner: JobRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_control: JobControl) -> None:
        raise KeyError("DOE^JANE")

    (end,) = run(qtbot, runner, Job(work))
    assert "KeyError" in end
    assert "DOE" not in end + caplog.text


def test_a_cancelled_job_stops_at_its_next_report(qtbot: QtBot, runner: JobRunner) -> None:
    started = threading.Event()

    def work(control: JobControl) -> None:
        while True:
            control.report("waiting", 0, 0)
            started.set()
            QThread.msleep(1)

    job = Job(work)
    seen = ends(job)
    runner.start(job)
    assert started.wait(5)
    with qtbot.waitSignal(job.finished, timeout=5000):
        job.cancel()
    assert seen == ["cancelled"]


def test_cancelling_wakes_work_that_does_not_ask(qtbot: QtBot, runner: JobRunner) -> None:
    waiting, woken = threading.Event(), threading.Event()

    def work(control: JobControl) -> None:
        control.on_cancel(woken.set)
        waiting.set()
        woken.wait(30)
        control.check()

    job = Job(work)
    seen = ends(job)
    runner.start(job)
    assert waiting.wait(5)
    with qtbot.waitSignal(job.finished, timeout=5000):
        job.cancel()
    assert seen == ["cancelled"]


def test_shutting_down_leaves_no_thread_at_work(qtbot: QtBot, runner: JobRunner) -> None:
    left = threading.Event()

    def work(control: JobControl) -> None:
        try:
            while True:
                control.report("", 0, 0)
                QThread.msleep(1)
        finally:
            left.set()

    runner.start(Job(work))
    runner.shut_down()
    assert left.is_set()
