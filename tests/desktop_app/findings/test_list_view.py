"""The list of boxes and the board, in both directions."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from pytestqt.qtbot import QtBot

from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.list_view import FindingList
from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.findings.table_model import CONFIDENCE, LABEL, MARKS, ORIGIN, PIXELS, RAW, SHOWN

BOXES = BoxSet(
    (
        MarkedBox("m0", "nodule", (1, 2, 3, 4), raw=(10, 20, 30, 40), confidence=0.875, marks=("clipped",)),
        MarkedBox("m1", "mass", (5, 6, 7, 8), raw=(50, 60, 70, 80)),
    )
)


@pytest.fixture
def board(qtbot: QtBot) -> FindingBoard:
    board = FindingBoard()
    board.show(BOXES)
    return board


@pytest.fixture
def view(qtbot: QtBot, board: FindingBoard) -> FindingList:
    view = FindingList(board)
    qtbot.addWidget(view)
    view.resize(900, 300)
    view.show()
    return view


def cell(view: FindingList, row: int, column: int, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> object:
    return view.model.data(view.model.index(row, column), role)


def test_a_row_says_where_how_sure_and_by_whom(view: FindingList, board: FindingBoard) -> None:
    assert cell(view, 0, LABEL) == "nodule"
    assert cell(view, 0, PIXELS) == "1.0, 2.0 - 3.0, 4.0"
    assert cell(view, 0, RAW) == "10, 20 - 30, 40"
    assert cell(view, 0, CONFIDENCE) == "0.88"
    assert cell(view, 0, MARKS) == "clipped"
    assert cell(view, 1, CONFIDENCE) == "-"
    tip = view.model.headerData(CONFIDENCE, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert tip == "token probability, not disease probability"
    board.edit(board.boxes.moved("m1", (0, 0, 1, 1)).added("mine", (1, 1, 2, 2)), "change")
    assert [cell(view, row, ORIGIN) for row in range(3)] == ["model", "model, corrected", "user"]
    assert "5.0, 6.0" in str(cell(view, 1, PIXELS, Qt.ItemDataRole.ToolTipRole))


def test_row_and_box_select_each_other(view: FindingList, board: FindingBoard) -> None:
    board.select("m1")
    assert [index.row() for index in view.table.selectionModel().selectedRows()] == [1]
    view.table.selectRow(0)
    assert board.selected == "m0"
    board.select(None)
    assert not view.table.selectionModel().hasSelection()
    assert board.selected is None


def test_the_selection_survives_boxes_that_stream_in(view: FindingList, board: FindingBoard) -> None:
    board.select("m1")
    board.show(BoxSet((*BOXES, MarkedBox("m2", "cyst", (0, 0, 1, 1)))))
    assert board.selected == "m1"
    assert [index.row() for index in view.table.selectionModel().selectedRows()] == [1]


def test_pointing_at_a_row_hovers_its_box(qtbot: QtBot, view: FindingList, board: FindingBoard) -> None:
    where = view.table.visualRect(view.model.index(1, LABEL)).center()
    qtbot.mouseMove(view.table.viewport(), where)
    qtbot.waitUntil(lambda: board.hovered == "m1", timeout=2000)
    view.table.viewportEvent(QEvent(QEvent.Type.Leave))
    assert board.hovered is None
    board.hover("m0")
    assert cell(view, 0, LABEL, Qt.ItemDataRole.FontRole) is not None
    assert cell(view, 1, LABEL, Qt.ItemDataRole.FontRole) is None


def test_the_eye_the_label_and_delete_are_changes_that_can_be_undone(
    qtbot: QtBot, view: FindingList, board: FindingBoard
) -> None:
    board.select("m0")
    qtbot.keyClick(view.table, Qt.Key.Key_Space)
    assert not board.boxes.boxes[0].visible
    assert cell(view, 0, SHOWN, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    assert "1 hidden" in view.count.text()
    assert view.model.setData(view.model.index(0, LABEL), "  granuloma\n", Qt.ItemDataRole.EditRole)
    assert board.boxes.boxes[0].label == "granuloma"
    assert board.boxes.boxes[0].model_label == "nodule"
    assert not view.model.setData(view.model.index(0, LABEL), "  ", Qt.ItemDataRole.EditRole)
    board.select("m0")
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    assert [box.id for box in board.boxes] == ["m1"]
    for _ in range(3):
        board.undo_stack.undo()
    assert board.boxes == BOXES


def test_hide_all_follows_the_board_and_leads_it(view: FindingList, board: FindingBoard) -> None:
    view.hide_all.click()
    assert not board.shown
    board.set_shown(True)
    assert not view.hide_all.isChecked()


def test_the_menu_of_a_row_hides_and_renames_it(view: FindingList, board: FindingBoard) -> None:
    menu = view.menu("m0")
    words = [action.text().replace("&", "") for action in menu.actions()]
    assert words == ["Rename", "Hide", "Delete"]
    menu.actions()[1].trigger()
    assert not board.boxes.boxes[0].visible
    menu.deleteLater()
