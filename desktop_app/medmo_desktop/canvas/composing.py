"""From what a canvas holds to the frozen context that is painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtGui import QFont

from medmo_desktop.canvas.box_interaction import BoxInteraction
from medmo_desktop.canvas.captions import box_text, view_lines
from medmo_desktop.canvas.image_layer import request_layer
from medmo_desktop.canvas.layer_renderer import LayerRenderer
from medmo_desktop.canvas.ruler import ruler_for
from medmo_desktop.canvas.scene import PaintContext
from medmo_desktop.canvas.shapes import ExtraShape, MeasuredLine, TokenGrid
from medmo_desktop.canvas.view_state import ViewGeometry, orientation_on_screen
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.study.model import Frame
from medmo_desktop.translations.notice import research_notice


@dataclass(frozen=True)
class Additions:
    """What a canvas was told to show besides image and boxes.

    Attributes
    ----------
    message : str
        In the middle; empty for none.
    position : str
        The place in the stack; empty for none.
    text_shown : bool
        Corner text, letters and ruler.
    ghosts : bool
        Where the model put boxes that the user moved.
    extra : tuple of ExtraShape
    grid : TokenGrid or None
    """

    message: str = ""
    position: str = ""
    text_shown: bool = True
    ghosts: bool = False
    extra: tuple[ExtraShape, ...] = ()
    grid: TokenGrid | None = None


@dataclass(frozen=True)
class Screen:
    """The widget's side of a picture: logical pixels to device pixels, the font, and where the image lies."""

    geometry: ViewGeometry | None
    device_pixel_ratio: float
    font: QFont


def compose(
    frame: Frame | None,
    screen: Screen,
    additions: Additions,
    *,
    board: FindingBoard,
    boxes: BoxInteraction,
    measured: tuple[MeasuredLine, ...],
    renderer: LayerRenderer,
    best: bool,
) -> PaintContext:
    """Return what is painted now.

    Parameters
    ----------
    frame : Frame or None
    screen : Screen
    additions : Additions
    board : FindingBoard
    boxes : BoxInteraction
        The board's boxes with the change in progress.
    measured : tuple of MeasuredLine
    renderer : LayerRenderer
    best : bool
        Wait for the best rendering of the pixels; otherwise take the quickest there is.
    """
    geometry, ratio = screen.geometry, screen.device_pixel_ratio
    empty = PaintContext(geometry, ratio, screen.font, message=additions.message, notice=research_notice())
    if geometry is None or frame is None:
        return empty
    request = request_layer(frame, geometry, ratio)
    render = renderer.best_layer if best else renderer.layer_for
    context = replace(
        empty,
        layer=None if request is None else render(request),
        boxes=boxes.boxes,
        boxes_shown=board.shown,
        selected=board.selected,
        hovered=board.hovered,
        box_texts={box.id: box_text(box) for box in boxes.boxes},
        ghosts=additions.ghosts,
        rubber_band=boxes.rubber_band,
        extra=additions.extra,
        grid=additions.grid,
        measured=measured,
    )
    if not additions.text_shown:
        return context
    letters = None if frame.orientation is None else orientation_on_screen(frame.orientation, geometry.state)
    return replace(
        context,
        corner_text=view_lines(frame, geometry, ratio, additions.position),
        edge_letters=letters,
        ruler=ruler_for(frame, geometry),
    )
