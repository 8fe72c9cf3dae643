"""The canvas under mouse and keys."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from medmo_desktop.canvas.image_canvas import ImageCanvas
from medmo_desktop.canvas.tools import DragAction, MouseBindings, Tool, WheelAction
from medmo_desktop.canvas.view_state import ViewState
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.study.model import Frame, GreyWindow, PixelSpacing

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
BOXES = BoxSet((MarkedBox("m1", "nodule", (20, 20, 60, 60)), MarkedBox("m2", "mass", (100, 30, 150, 80))))


def on_screen(canvas: ImageCanvas, x: float, y: float) -> QPoint:
    geometry = canvas.geometry_now()
    assert geometry is not None
    return QPointF(*geometry.to_view((x, y))).toPoint()


def drag(canvas: ImageCanvas, button: Qt.MouseButton, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(canvas, button, pos=start)
    QTest.mouseMove(canvas, (start + end) / 2)
    QTest.mouseMove(canvas, end)
    QTest.mouseRelease(canvas, button, pos=end)


def turn_wheel(canvas: ImageCanvas, at: QPoint, turned: int, modifiers: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, turned),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_a_left_drag_sets_window_and_level(canvas: ImageCanvas) -> None:
    canvas.set_window(GreyWindow(100, 300))
    drag(canvas, LEFT, QPoint(50, 100), QPoint(110, 70))
    window = canvas.view.window
    assert window is not None
    assert (window.center, window.width) == (70, 360)


def test_a_left_drag_starts_from_the_files_own_window(canvas: ImageCanvas, make_grey: Callable[..., Frame]) -> None:
    canvas.show_frame(make_grey(np.zeros((100, 200), np.int16), windows=(GreyWindow(40, 300, "brain"),)))
    drag(canvas, LEFT, QPoint(50, 100), QPoint(50, 130))
    assert canvas.view.window == GreyWindow(70, 300)


def test_a_window_never_closes(canvas: ImageCanvas) -> None:
    canvas.set_window(GreyWindow(100, 300))
    drag(canvas, LEFT, QPoint(390, 100), QPoint(1, 100))
    assert canvas.view.window is not None
    assert canvas.view.window.width > 0


def test_colour_has_no_window(canvas: ImageCanvas, make_colour: Callable[[np.ndarray], Frame]) -> None:
    canvas.show_frame(make_colour(np.zeros((100, 200, 3), np.uint8)))
    drag(canvas, LEFT, QPoint(50, 100), QPoint(110, 70))
    assert canvas.view == ViewState()


def test_a_middle_drag_pans(canvas: ImageCanvas) -> None:
    before = on_screen(canvas, 30, 40)
    drag(canvas, MIDDLE, QPoint(200, 150), QPoint(230, 135))
    assert on_screen(canvas, 30, 40) == before + QPoint(30, -15)


def test_a_right_drag_zooms_in_where_it_began(canvas: ImageCanvas) -> None:
    at = on_screen(canvas, 60, 40)
    drag(canvas, RIGHT, at, at - QPoint(0, 60))
    assert canvas.zoom > 2.5
    assert on_screen(canvas, 60, 40) == at


def test_the_wheel_scrolls_by_notches_and_small_turns_add_up(canvas: ImageCanvas, qtbot: QtBot) -> None:
    steps: list[int] = []
    canvas.scroll_requested.connect(steps.append)
    turn_wheel(canvas, QPoint(99, 99), -120, Qt.KeyboardModifier.NoModifier)
    turn_wheel(canvas, QPoint(99, 99), 240, Qt.KeyboardModifier.NoModifier)
    for _ in range(4):
        turn_wheel(canvas, QPoint(99, 99), -30, Qt.KeyboardModifier.NoModifier)
    assert steps == [1, -2, 1]
    assert canvas.view == ViewState()


def test_control_and_wheel_zoom_at_the_pointer(canvas: ImageCanvas) -> None:
    at = on_screen(canvas, 150, 70)
    turn_wheel(canvas, at, 240, Qt.KeyboardModifier.ControlModifier)
    assert canvas.zoom == pytest.approx(2 * 1.2**2)
    assert on_screen(canvas, 150, 70) == at


def test_a_double_click_fits_and_resizing_keeps_fitting(canvas: ImageCanvas, qtbot: QtBot) -> None:
    canvas.zoom_by(3)
    QTest.mouseDClick(canvas, LEFT, pos=QPoint(200, 150))
    assert canvas.zoom == 2
    canvas.resize(800, 600)
    assert canvas.zoom == 4


def test_buttons_and_wheel_can_be_bound_anew(canvas: ImageCanvas) -> None:
    canvas.set_bindings(MouseBindings(left=DragAction.PAN, right=DragAction.WINDOW, wheel=WheelAction.ZOOM))
    before = on_screen(canvas, 30, 40)
    drag(canvas, LEFT, QPoint(200, 150), QPoint(210, 150))
    assert on_screen(canvas, 30, 40) == before + QPoint(10, 0)
    drag(canvas, RIGHT, QPoint(200, 150), QPoint(210, 150))
    assert canvas.view.window is not None
    turn_wheel(canvas, QPoint(99, 99), 120, Qt.KeyboardModifier.NoModifier)
    assert canvas.zoom == pytest.approx(2.4)


def test_the_probe_gives_value_and_unit_under_the_pointer(
    canvas: ImageCanvas, make_grey: Callable[..., Frame], qtbot: QtBot
) -> None:
    values = np.full((100, 200), -1000, np.int16)
    values[40, 30] = 57
    canvas.show_frame(make_grey(values, unit="HU"))
    canvas.rotate_right()
    probes: list[object] = []
    canvas.probe_changed.connect(probes.append)
    QTest.mouseMove(canvas, on_screen(canvas, 30.5, 40.5))
    probe = probes[-1]
    assert (probe.column, probe.row, probe.text) == (30, 40, "57 HU")
    QTest.mouseMove(canvas, QPoint(3, 3))
    assert probes[-1] is None


def test_hover_and_click_tell_the_board(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    QTest.mouseMove(canvas, on_screen(canvas, 120, 50))
    assert board.hovered == "m2"
    QTest.mouseClick(canvas, LEFT, pos=on_screen(canvas, 120, 50))
    assert board.selected == "m2"
    QTest.mouseMove(canvas, on_screen(canvas, 80, 90))
    assert board.hovered is None
    QTest.mouseClick(canvas, LEFT, pos=on_screen(canvas, 80, 90))
    assert board.selected is None
    assert canvas.view == ViewState(), "a click changes no window"


def test_hidden_boxes_cannot_be_hit(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    board.set_shown(False)
    QTest.mouseMove(canvas, on_screen(canvas, 120, 50))
    QTest.mouseClick(canvas, LEFT, pos=on_screen(canvas, 120, 50))
    assert (board.hovered, board.selected) == (None, None)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_drag_moves_the_selected_box_and_can_be_undone(canvas: ImageCanvas, board: FindingBoard, turns: int) -> None:
    for _ in range(turns):
        canvas.rotate_right()
    board.show(BOXES)
    board.select("m2")
    drag(canvas, LEFT, on_screen(canvas, 120, 50), on_screen(canvas, 130, 46))
    moved = board.boxes.find("m2")
    assert moved is not None
    assert moved.is_corrected
    assert moved.pixels == pytest.approx((110, 26, 160, 76), abs=0.7)
    assert moved.model_pixels == (100, 30, 150, 80)
    assert canvas.view.window is None, "nor was the window changed"
    assert board.undo_stack.count() == 1
    board.undo_stack.undo()
    assert board.boxes == BOXES


def test_a_handle_resizes_the_selected_box(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    board.select("m2")
    drag(canvas, LEFT, on_screen(canvas, 150, 80), on_screen(canvas, 180, 90))
    assert board.boxes.boxes[1].pixels == pytest.approx((100, 30, 180, 90), abs=0.7)


def test_escape_leaves_a_box_as_it_was(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    board.select("m2")
    QTest.mousePress(canvas, LEFT, pos=on_screen(canvas, 120, 50))
    QTest.mouseMove(canvas, on_screen(canvas, 10, 10))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, pos=on_screen(canvas, 10, 10))
    assert board.boxes == BOXES
    assert board.selected == "m2"
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert board.selected is None


def test_drawing_adds_a_box_of_the_users(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    canvas.set_tool(Tool.DRAW_BOX)
    drag(canvas, LEFT, on_screen(canvas, 90, 95), on_screen(canvas, 70, 65))
    drawn = board.boxes.boxes[-1]
    assert (drawn.label, drawn.origin) == ("finding", "user")
    assert drawn.pixels == pytest.approx((70, 65, 90, 95), abs=0.7)
    assert board.selected == drawn.id
    QTest.mouseClick(canvas, LEFT, pos=on_screen(canvas, 10, 10))
    assert len(board.boxes) == 3, "a click draws nothing"
    board.undo_stack.undo()
    assert board.boxes == BOXES


def test_tab_cycles_boxes_and_then_leaves(qtbot: QtBot, board: FindingBoard, make_grey: Callable[..., Frame]) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    canvas, button = ImageCanvas(board), QPushButton("next")
    layout = QHBoxLayout(window)
    layout.addWidget(canvas)
    layout.addWidget(button)
    canvas.show_frame(make_grey(np.zeros((100, 200), np.int16)))
    board.show(BOXES)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    canvas.setFocus()
    chosen = []
    for _ in range(2):
        QTest.keyClick(canvas, Qt.Key.Key_Tab)
        chosen.append(board.selected)
    assert chosen == ["m1", "m2"]
    assert "mass" in canvas.accessibleDescription()
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert window.focusWidget() is button
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert board.selected == "m1"


CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def test_arrows_move_as_seen_and_shift_resizes(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    board.select("m1")
    canvas.rotate_right()
    QTest.keyClick(canvas, Qt.Key.Key_Right, CONTROL)
    # Right on the screen is up in the image that was turned clockwise.
    assert board.boxes.boxes[0].pixels == (20, 19, 60, 59)
    assert "20, 19, 60, 59" in canvas.accessibleDescription()
    step = round(10 / canvas.zoom)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert board.boxes.boxes[0].pixels == (20 + step, 19, 60 + step, 59)
    QTest.keyClick(canvas, Qt.Key.Key_Down, SHIFT | ALT)
    assert board.boxes.boxes[0].pixels == pytest.approx((20 + step, 19, 61 + step, 59))


def test_a_box_is_drawn_moved_resized_and_kept_by_keys_alone(canvas: ImageCanvas, board: FindingBoard) -> None:
    said: list[str] = []
    canvas.announced.connect(said.append)
    canvas.set_tool(Tool.DRAW_BOX)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert "Enter keeps it" in said[-1]
    assert len(board.boxes) == 0
    QTest.keyClick(canvas, Qt.Key.Key_Left, CONTROL)
    QTest.keyClick(canvas, Qt.Key.Key_Down, CONTROL)
    QTest.keyClick(canvas, Qt.Key.Key_Right, SHIFT | CONTROL)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    # A quarter of the 200 by 100 image in its middle, then one to the left, one down, and one wider.
    (box,) = board.boxes
    assert box.pixels == pytest.approx((74, 38.5, 125, 63.5))
    assert box.origin == "user"
    assert board.selected == box.id
    assert said[-1].startswith("Kept.")
    # The arrows are the new box's now.
    QTest.keyClick(canvas, Qt.Key.Key_Up, ALT)
    assert board.boxes.boxes[0].pixels == pytest.approx((74, 37.5, 125, 62.5))
    assert said[-1] == "Box at 74, 38, 51 by 25 pixels."


def test_drawing_by_keys_begins_where_one_looks_and_stays_inside(canvas: ImageCanvas, board: FindingBoard) -> None:
    geometry = canvas.geometry_now()
    assert geometry is not None
    canvas.apply_view(geometry.zoomed(8, (390, 10)))
    zoomed = canvas.geometry_now()
    assert zoomed is not None
    canvas.begin_drawing(Tool.DRAW_BOX)
    for _ in range(60):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
        QTest.keyClick(canvas, Qt.Key.Key_Up, SHIFT)
    QTest.keyClick(canvas, Qt.Key.Key_Enter)
    (box,) = board.boxes
    x1, y1, x2, y2 = box.pixels
    assert 0 <= x1 < x2 <= 200
    assert 0 <= y1 < y2 <= 100
    assert x2 == 200
    assert y2 - y1 == pytest.approx(1)


def test_escape_gives_up_what_keys_draw_and_no_command_gets_the_key(
    canvas: ImageCanvas, board: FindingBoard, qtbot: QtBot
) -> None:
    stopped: list[bool] = []
    action = QAction(canvas, shortcut=QKeySequence(Qt.Key.Key_Escape))
    action.triggered.connect(lambda: stopped.append(True))
    canvas.addAction(action)
    canvas.activateWindow()
    canvas.setFocus()
    canvas.begin_drawing(Tool.DRAW_BOX)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert len(board.boxes) == 0
    assert stopped == []
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert stopped == [True]


def test_another_tool_or_frame_gives_up_what_keys_draw(
    canvas: ImageCanvas, board: FindingBoard, make_grey: Callable[..., Frame]
) -> None:
    canvas.begin_drawing(Tool.DRAW_BOX)
    canvas.set_tool(Tool.PAN)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    canvas.begin_drawing(Tool.DRAW_BOX)
    canvas.show_frame(make_grey(np.zeros((50, 50), np.int16)))
    canvas.set_tool(Tool.POINTER)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(board.boxes) == 0


def test_a_length_is_measured_by_keys(canvas: ImageCanvas, make_grey: Callable[..., Frame]) -> None:
    canvas.show_frame(make_grey(np.zeros((100, 200), np.int16), spacing=PixelSpacing(0.5, 0.5, True, "Pixel Spacing")))
    canvas.set_tool(Tool.MEASURE)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    for _ in range(10):
        QTest.keyClick(canvas, Qt.Key.Key_Left, SHIFT | CONTROL)
    QTest.keyClick(canvas, Qt.Key.Key_Down, CONTROL)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    (line,) = canvas.measured
    assert (line.start, line.end) == ((75, 51), (115, 51))
    assert line.text == "20.0 mm"


def test_a_held_arrow_is_one_step_to_undo(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    board.select("m1")
    for _ in range(5):
        QTest.keyPress(canvas, Qt.Key.Key_Left, CONTROL)
    QTest.keyRelease(canvas, Qt.Key.Key_Left, CONTROL)
    assert board.boxes.boxes[0].pixels == (15, 20, 55, 60)
    assert board.undo_stack.count() == 1


def test_delete_removes_the_selected_box(canvas: ImageCanvas, board: FindingBoard) -> None:
    board.show(BOXES)
    board.select("m1")
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert [box.id for box in board.boxes] == ["m2"]
    board.undo_stack.undo()
    assert board.boxes == BOXES


def test_arrows_scroll_while_no_box_is_selected(canvas: ImageCanvas) -> None:
    steps: list[int] = []
    canvas.scroll_requested.connect(steps.append)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyClick(canvas, Qt.Key.Key_Up)
    assert steps == [1, -1]


@pytest.mark.parametrize(
    ("spacing", "text"),
    [
        (PixelSpacing(0.5, 0.25, True, "Pixel Spacing"), "10.0 mm"),
        (PixelSpacing(0.5, 0.25, False, "Imager Pixel Spacing"), "10.0 mm (at the detector)"),
        (None, "40.0 px (no pixel spacing)"),
    ],
)
def test_a_measured_line_says_what_its_length_is_worth(
    canvas: ImageCanvas, make_grey: Callable[..., Frame], spacing: PixelSpacing | None, text: str
) -> None:
    canvas.show_frame(make_grey(np.zeros((100, 200), np.int16), spacing=spacing))
    canvas.set_tool(Tool.MEASURE)
    drag(canvas, LEFT, on_screen(canvas, 20, 50), on_screen(canvas, 60, 50))
    assert [line.text for line in canvas.measured] == [text]
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert canvas.measured == ()


def test_views_can_be_linked_both_ways(canvas: ImageCanvas, qtbot: QtBot, make_grey: Callable[..., Frame]) -> None:
    other = ImageCanvas(FindingBoard())
    qtbot.addWidget(other)
    other.show_frame(make_grey(np.zeros((100, 200), np.int16)))
    canvas.view_changed.connect(other.apply_view)
    other.view_changed.connect(canvas.apply_view)
    canvas.flip_vertical()
    canvas.zoom_by(2)
    assert other.view == canvas.view
    other.reset()
    assert canvas.view == ViewState()


def test_another_frame_keeps_the_view_if_asked_to(canvas: ImageCanvas, make_grey: Callable[..., Frame]) -> None:
    canvas.rotate_left()
    kept = canvas.view
    canvas.show_frame(make_grey(np.zeros((100, 200), np.int16)), keep_view=True)
    assert canvas.view == kept
    canvas.show_frame(make_grey(np.zeros((100, 200), np.int16)))
    assert canvas.view == ViewState()
