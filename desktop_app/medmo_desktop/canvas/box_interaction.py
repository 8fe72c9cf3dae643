"""Boxes under pointer and keys: what the canvas does with a finding board."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal

from medmo_desktop.canvas.box_editing import (
    arrow_step,
    box_at,
    grip_at,
    moved_within,
    next_box,
    on_image,
    resized,
    within,
)
from medmo_desktop.canvas.drags import GripDrag, SpanDrag, SpanTarget
from medmo_desktop.canvas.key_drawing import ARROWS, is_fine, span_words
from medmo_desktop.canvas.view_state import Point, Rectangle, ViewGeometry
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet, MarkedBox

#: Of a box that was just drawn; it is renamed in the list.
NEW_LABEL = "finding"


class BoxInteraction(QObject):
    """Selects and changes boxes; a change in progress is a preview that the board does not know yet."""

    #: The preview changed.
    changed = Signal()
    #: A sentence for the status bar and screen readers.
    announced = Signal(str)

    def __init__(self, board: FindingBoard, parent: QObject) -> None:
        super().__init__(parent)
        self._board = board
        self._moving: tuple[str, Rectangle] | None = None
        self._rubber_band: Rectangle | None = None

    @property
    def boxes(self) -> BoxSet:
        """The board's boxes, with the change in progress."""
        return self._board.boxes if self._moving is None else self._board.boxes.moved(*self._moving)

    @property
    def rubber_band(self) -> Rectangle | None:
        """The box that is being drawn."""
        return self._rubber_band

    @property
    def selected(self) -> MarkedBox | None:
        """The selected box, if it can be seen."""
        box = self.boxes.find(self._board.selected)
        return box if box is not None and box.visible and self._board.shown else None

    def at(self, geometry: ViewGeometry, point: Point) -> MarkedBox | None:
        """Return the box that a click at a point of the widget means: the selected one before others."""
        if not self._board.shown:
            return None
        if self.selected is not None and grip_at(self.selected, geometry, point) is not None:
            return self.selected
        return box_at(self.boxes, geometry, point)

    def hover(self, geometry: ViewGeometry, point: Point) -> None:
        """Say which box is under the pointer."""
        box = self.at(geometry, point)
        self._board.hover(None if box is None else box.id)

    def click(self, geometry: ViewGeometry, point: Point) -> None:
        """Select the box at a point, or none."""
        box = box_at(self.boxes, geometry, point) if self._board.shown else None
        self._board.select(None if box is None else box.id)

    def grip_drag(self, geometry: ViewGeometry, point: Point) -> GripDrag | None:
        """Return the drag that begins on the selected box, None if the point is not on it."""
        box = self.selected
        grip = None if box is None else grip_at(box, geometry, point)
        if box is None or grip is None:
            return None
        box_id = box.id
        return GripDrag(
            geometry,
            box.pixels,
            grip,
            point,
            lambda pixels: self._preview(None if pixels is None else (box_id, pixels)),
            lambda pixels: self._move(box_id, pixels),
        )

    def target(self, image_size: tuple[int, int]) -> SpanTarget:
        """Return what makes a span of an image of ``image_size`` (width, height) a new box."""
        return SpanTarget(
            lambda span: self._preview_new(None if span is None else within(span, image_size)),
            lambda span: self._add(within(span, image_size)),
        )

    def drawing_drag(self, geometry: ViewGeometry, point: Point) -> SpanDrag:
        """Return the drag that draws a new box."""
        return SpanDrag(geometry, point, self.target(geometry.image_size))

    def cycle(self, step: int) -> bool:
        """Select the next (1) or previous (-1) box; False past the last one."""
        following = next_box(self.boxes, self._board.selected, step) if self._board.shown else None
        if following is not None:
            self._board.select(following)
        return following is not None

    def press_key(self, key: int, modifiers: Qt.KeyboardModifier, geometry: ViewGeometry) -> bool:
        """Delete, move (arrows) or resize (Shift and arrows) the selected box; False if the key means nothing here.

        Moving is one change from pressing to releasing, however often the key repeats.
        """
        box = self.selected
        if box is None:
            return False
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.finish_keys()
            self._board.edit(self._board.boxes.deleted(box.id), self.tr("Delete box"))
            return True
        if key not in ARROWS:
            return False
        step = arrow_step(geometry, is_fine(modifiers))
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            pixels = resized(box.pixels, ARROWS[key], step, geometry)
        else:
            dx, dy = on_image(ARROWS[key], geometry)
            pixels = moved_within(box.pixels, dx * step, dy * step, geometry.image_size)
        self._preview((box.id, pixels))
        return True

    def finish_keys(self) -> None:
        """Make the change that keys have previewed."""
        if self._moving is not None:
            box_id, pixels = self._moving
            self._preview(None)
            self._move(box_id, pixels)
            self.announced.emit(span_words("box", pixels))

    def _preview(self, moving: tuple[str, Rectangle] | None) -> None:
        self._moving = moving
        self.changed.emit()

    def _preview_new(self, rubber_band: Rectangle | None) -> None:
        self._rubber_band = rubber_band
        self.changed.emit()

    def _move(self, box_id: str, pixels: Rectangle) -> None:
        box = self._board.boxes.find(box_id)
        if box is not None and box.pixels != pixels:
            self._board.edit(self._board.boxes.moved(box_id, pixels), self.tr("Move box"))

    def _add(self, pixels: Rectangle) -> None:
        boxes = self._board.boxes.added(NEW_LABEL, pixels)
        self._board.edit(boxes, self.tr("Draw box"))
        self._board.select(boxes.boxes[-1].id)
