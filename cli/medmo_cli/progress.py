"""Progress bars on stderr, so that stdout stays the answer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
    """Show a bar of things counted, whose text names the phase."""
    with _bar(MofNCompleteColumn()) as bar:
        update = _updater(bar, "starting")
        yield lambda phase, done, total: update(f"{title}: {phase}", done, total)


def _bar(amount: DownloadColumn | MofNCompleteColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn(), console=messages, transient=True
    )


def _updater(bar: Progress, title: str) -> PhaseCallback:
    task = bar.add_task(title, total=None)

    def update(description: str, done: int, total: int) -> None:
        check_interrupt()
        bar.update(task, description=description, completed=done, total=total)

    return update
