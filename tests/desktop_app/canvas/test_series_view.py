"""The stack: what is read, on which thread, and what is shown meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medmo_desktop.canvas.series_view import SeriesView
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.model import Frame, FrameReference, Series
from medmo_models.errors import InputError


class Disk:
    """Frames whose values are their number; each read can be held up."""

    def __init__(self, make_grey: Callable[..., Frame]) -> None:
        self.make_grey = make_grey
        self.reads: list[int] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.broken: set[int] = set()

    def read(self, reference: FrameReference) -> Frame:
        self.threads.add(threading.get_ident())
        self.reads.append(reference.frame)
        assert self.gate.wait(10)
        if reference.frame in self.broken:
            raise InputError("The file is cut off; copy it again.")
        frame = self.make_grey(np.full((50, 60), reference.frame, np.int16))
        return replace(frame, reference=reference)


def stack(count: int) -> Series:
    return Series("s", "made", "CT", tuple(FrameReference(Path("made"), index) for index in range(count)))


@pytest.fixture
def disk(make_grey: Callable[..., Frame]) -> Iterator[Disk]:
    disk = Disk(make_grey)
    yield disk
    disk.gate.set()


@pytest.fixture
def view(qtbot: QtBot, board: FindingBoard, disk: Disk) -> SeriesView:
    view = SeriesView(board, read=disk.read)
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show()
    qtbot.waitExposed(view)
    return view


def shown(view: SeriesView) -> int | None:
    return None if view.frame is None else int(view.frame.values[0, 0])


def test_no_file_is_read_on_the_gui_thread(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.frame_changed):
        view.show_series(stack(20))
    with qtbot.waitSignal(view.frame_changed):
        view.set_index(12)
    qtbot.waitUntil(lambda: 13 in disk.reads)
    assert disk.threads
    assert threading.get_ident() not in disk.threads


def test_a_real_multi_frame_file_is_shown(qtbot: QtBot, board: FindingBoard) -> None:
    view = SeriesView(board)
    qtbot.addWidget(view)
    path = Path(get_testdata_file("emri_small.dcm"))
    with qtbot.waitSignal(view.frame_changed):
        view.show_series(Series("e", "emri", "MR", tuple(FrameReference(path, index) for index in range(10))), index=3)
    assert view.frame is not None
    assert (view.frame.reference.frame, view.frame.width) == (3, 64)


def test_the_wheel_and_the_scroll_bar_go_through_the_stack(view: SeriesView, qtbot: QtBot) -> None:
    view.show_series(stack(9), index=4)
    qtbot.waitUntil(lambda: shown(view) == 4)
    centre = QPointF(view.canvas.rect().center())
    wheel = QWheelEvent(
        centre,
        QPointF(view.canvas.mapToGlobal(centre.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.canvas, wheel)
    qtbot.waitUntil(lambda: shown(view) == 5)
    assert view.scroll_bar.value() == 5
    view.scroll_bar.setValue(8)
    qtbot.waitUntil(lambda: shown(view) == 8)
    view.scroll_by(50)
    assert view.index == 8


def test_neighbours_are_read_ahead_and_shown_at_once(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    view.show_series(stack(30), index=10)
    qtbot.waitUntil(lambda: {10, 11, 12} <= set(disk.reads) and shown(view) == 10)
    qtbot.wait(50)
    disk.gate.clear()
    view.set_index(11)
    assert shown(view) == 11, "without waiting for a read"


def test_reads_that_nobody_waits_for_any_more_are_dropped(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    disk.gate.clear()
    view.show_series(stack(100))
    qtbot.waitUntil(lambda: len(disk.reads) == 2)  # both threads are busy
    for index in range(1, 90):
        view.set_index(index)
    disk.gate.set()
    qtbot.waitUntil(lambda: shown(view) == 89)
    qtbot.wait(100)
    assert set(disk.reads) <= {0, 1, *range(85, 100)}


def test_a_late_frame_does_not_take_the_place_of_the_one_asked_for(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    seen: list[int] = []
    view.frame_changed.connect(lambda frame: seen.append(int(frame.values[0, 0])))
    disk.gate.clear()
    view.show_series(stack(50))
    qtbot.waitUntil(lambda: bool(disk.reads))
    view.set_index(40)
    disk.gate.set()
    qtbot.waitUntil(lambda: shown(view) == 40)
    assert seen == [40]


def test_while_a_frame_is_read_the_canvas_says_so(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    disk.gate.clear()
    view.show_series(stack(3))
    qtbot.waitUntil(lambda: "Reading" in view.canvas.accessibleDescription())
    disk.gate.set()
    qtbot.waitUntil(lambda: shown(view) == 0)
    assert "Reading" not in view.canvas.accessibleDescription()


def test_a_frame_that_cannot_be_read_says_why_and_the_next_one_is_shown(
    view: SeriesView, disk: Disk, qtbot: QtBot
) -> None:
    disk.broken = {2}
    view.show_series(stack(5), index=1)
    qtbot.waitUntil(lambda: shown(view) == 1)
    view.canvas.rotate_right()
    with qtbot.waitSignal(view.frame_failed) as failed:
        view.set_index(2)
    assert failed.args == ["The file is cut off; copy it again."]
    assert view.canvas.accessibleDescription() == "The file is cut off; copy it again."
    assert view.frame is None
    view.set_index(3)
    qtbot.waitUntil(lambda: shown(view) == 3)
    assert view.canvas.view.rotation == 90


def test_a_program_error_while_reading_is_a_sentence_too(qtbot: QtBot, board: FindingBoard) -> None:
    def read(reference: FrameReference) -> Frame:
        raise ZeroDivisionError

    view = SeriesView(board, read=read)
    qtbot.addWidget(view)
    view.show_series(stack(1))
    qtbot.waitUntil(lambda: "cannot be read" in view.canvas.accessibleDescription())


def test_cine_plays_round_and_pauses(view: SeriesView, qtbot: QtBot) -> None:
    view.show_series(stack(3))
    qtbot.waitUntil(lambda: shown(view) == 0)
    seen: list[int] = []
    view.frame_changed.connect(lambda frame: seen.append(int(frame.values[0, 0])))
    view.cine.speed.setValue(60)
    QTest.mouseClick(view.cine.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(seen) >= 5)
    assert seen[:5] == [1, 2, 0, 1, 2]
    QTest.mouseClick(view.cine.button, Qt.MouseButton.LeftButton)
    count = len(seen)
    qtbot.wait(100)
    assert len(seen) == count


def test_cine_waits_for_frames_that_are_slow_to_read(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    view.show_series(stack(40))
    qtbot.waitUntil(lambda: shown(view) == 0)
    disk.gate.clear()
    view.set_index(20)
    view.cine.speed.setValue(60)
    view.cine.set_playing(True)
    qtbot.wait(100)
    assert view.index == 20


def test_a_single_image_has_no_stack_controls(view: SeriesView, qtbot: QtBot) -> None:
    view.show_series(stack(1))
    assert not view.scroll_bar.isVisible()
    assert not view.cine.isVisible()
    assert view.canvas.size() == view.size()
    view.show_series(stack(2))
    assert view.scroll_bar.isVisible()
    assert view.cine.isVisible()


def test_nothing_is_shown_of_a_series_that_was_closed(view: SeriesView, disk: Disk, qtbot: QtBot) -> None:
    disk.gate.clear()
    view.show_series(stack(2))
    qtbot.waitUntil(lambda: bool(disk.reads))
    view.show_series(None)
    disk.gate.set()
    qtbot.wait(100)
    assert view.frame is None


def test_a_window_closed_while_a_frame_is_read_waits_for_the_thread(
    qtbot: QtBot, board: FindingBoard, disk: Disk
) -> None:
    view = SeriesView(board, read=disk.read)
    disk.gate.clear()
    view.show_series(stack(9))
    qtbot.waitUntil(lambda: bool(disk.reads))
    threading.Timer(0.1, disk.gate.set).start()
    view.close()
    view.deleteLater()
    del view
    qtbot.wait(300)
    # What had not begun was dropped.
    assert len(disk.reads) <= 2


def test_each_control_has_a_name_for_screen_readers(view: SeriesView) -> None:
    for control in (view.canvas, view.scroll_bar, view.cine.button, view.cine.speed):
        assert control.accessibleName()
