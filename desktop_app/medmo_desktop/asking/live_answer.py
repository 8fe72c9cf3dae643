"""The answer that is being written: its text so far, and its boxes on the board."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.requests import AskRequest, ImageChoice
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.findings.reading import carry_over, own_boxes, read_boxes

#: Boxes are read at most this often, so that a fast model does not keep the windows busy.
_READ_EVERY_MS = 40


class LiveAnswer(QObject):
    """Collects the pieces of the answer that runs.

    While its image is on screen, boxes appear on the board as they are written. What the user does to them meanwhile
    stays.

    Parameters
    ----------
    controller : InferenceController
    board : FindingBoard
    """

    #: A piece of text was added.
    grown = Signal(str)

    def __init__(self, controller: InferenceController, board: FindingBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller, self._board = controller, board
        self.request: AskRequest | None = None
        self.text = ""
        self._shown: ImageChoice | None = None
        self._read = BoxSet()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_READ_EVERY_MS)
        self._timer.timeout.connect(self._read_boxes)
        controller.text.connect(self._grow)

    @property
    def is_shown(self) -> bool:
        """Whether the answer that runs is about the image on screen."""
        return self.request is not None and self._shown is not None and self.request.subject == self._shown.id

    def begin(self, request: AskRequest) -> None:
        """Begin with an empty answer; model boxes of the one before leave the board."""
        self.request, self.text = request, ""
        self._read = BoxSet()
        if self.is_shown:
            self._board.show(own_boxes(self._board.boxes))

    def end(self) -> None:
        """Nothing runs any more."""
        self._timer.stop()
        self.request = None

    def show_image(self, choice: ImageChoice | None) -> None:
        """Note which image is on screen, and put the boxes of the answer that runs on it if it is about it."""
        self._shown = choice
        self._read = BoxSet()
        if self.is_shown:
            self._read_boxes()

    def with_changes(self, boxes: BoxSet) -> BoxSet:
        """Return the finished answer's boxes with what the user did to the board meanwhile."""
        return carry_over(self._read, self._board.boxes, boxes)

    def _grow(self, piece: str) -> None:
        self.text += piece
        self.grown.emit(piece)
        if self.is_shown and not self._timer.isActive():
            self._timer.start()

    def _read_boxes(self) -> None:
        opened = self._controller.state.opened
        if not self.is_shown or self._shown is None or opened is None:
            return
        size = (self._shown.width, self._shown.height)
        read = read_boxes(self.text, size, None, opened.coordinate_space)
        if read != self._read:
            shown = carry_over(self._read, self._board.boxes, read)
            self._read = read
            self._board.show(shown)
