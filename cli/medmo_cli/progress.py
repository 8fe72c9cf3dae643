"""Progress bars on stderr, so that stdout stays the answer's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from medmo_cli.interrupt import check_interrupt
from medmo_cli.output import messages

#: Called with what is done and the total.
CountCallback = Callable[[int, int], None]
#: Called with the phase, what is done of it and its total.
PhaseCallback = Callable[[str, int, int], None]


@contextmanager
def byte_progress(title: str) -> Iterator[CountCallback]:
    """Show a bar of bytes."""
    with _bar(DownloadColumn()) as bar:
        yield partial(_updater(bar, title), title)


@contextmanager
def count_progress(title: str) -> Iterator[CountCallback]:
    """Show a bar of things counted."""
    with _bar(MofNCompleteColumn()) as bar:
        yield partial(_updater(bar, title), title)


@contextmanager
def phase_progress(title: str) -> Iterator[PhaseCallback]:
    """Show a bar of things counted, whose text names the phase, with the time left of that phase."""
    left = PhaseTimeLeft()
    with _bar(MofNCompleteColumn(), _TimeLeftColumn(left)) as bar:
        update = _updater(bar, "starting")

        def report(phase: str, done: int, total: int) -> None:
            left.update(phase, done, total, time.monotonic())
            update(f"{title}: {phase}", done, total)

        yield report


@dataclass
class PhaseTimeLeft:
    """How long a phase will take, by what its steps took so far.

    A phase may begin with steps done, in an earlier run; they count neither as work nor as time. A step may take
    minutes, so the time since the last one is taken off.
    """

    _phase: str = ""
    _began: float = 0.0
    _first: int = 0
    _changed: float = 0.0
    _done: int = 0
    _total: int = 0

    def update(self, phase: str, done: int, total: int, now: float) -> None:
        """Take in what is done of a phase at a time in seconds."""
        if phase != self._phase:
            self._phase, self._began, self._first, self._changed, self._done = phase, now, done, now, done
        elif done != self._done:
            self._changed, self._done = now, done
        self._total = total

    def seconds(self, now: float) -> float | None:
        """Return the estimate, None before the first step is done."""
        steps = self._done - self._first
        if steps <= 0:
            return None
        each = (self._changed - self._began) / steps
        return max(0.0, each * (self._total - self._done) - (now - self._changed))


class _TimeLeftColumn(ProgressColumn):
    """Hours, minutes and seconds left."""

    def __init__(self, left: PhaseTimeLeft) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        """Return the time left, or dashes."""
        seconds = self._left.seconds(time.monotonic())
        if task.finished or seconds is None:
            return Text("-:--:--", style="progress.remaining")
        minutes, rest = divmod(round(seconds), 60)
        return Text(f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}", style="progress.remaining")


def _bar(amount: ProgressColumn, left: ProgressColumn | None = None) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), amount, left or TimeRemainingColumn())
    return Progress(*columns, console=messages, transient=True)


def _updater(bar: Progress, title: str) -> PhaseCallback:
    task = bar.add_task(title, total=None)

    def update(description: str, done: int, total: int) -> None:
        check_interrupt()
        bar.update(task, description=description, completed=done, total=total)

    return update
