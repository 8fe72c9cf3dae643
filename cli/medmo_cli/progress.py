"""Progress bars on stderr, so that stdout stays the answer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from medmo_cli.interrupt import check_interrupt
from medmo_cli.output import messages

#: Called with what is done and the total.
CountCallback = Callable[[int, int], None]


@contextmanager
def byte_progress(title: str) -> Iterator[CountCallback]:
    """Show a bar of bytes."""
    with _bar(DownloadColumn()) as bar:
        yield _updater(bar, title)


@contextmanager
def count_progress(title: str) -> Iterator[CountCallback]:
    """Show a bar of things counted."""
    with _bar(MofNCompleteColumn()) as bar:
        yield _updater(bar, title)


def _bar(amount: DownloadColumn | MofNCompleteColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn(), console=messages, transient=True
    )


def _updater(bar: Progress, title: str) -> CountCallback:
    task = bar.add_task(title, total=None)

    def update(done: int, total: int) -> None:
        check_interrupt()
        bar.update(task, completed=done, total=total)

    return update
