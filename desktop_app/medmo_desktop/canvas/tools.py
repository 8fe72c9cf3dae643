"""What the mouse does, as plain data, free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Tool(Enum):
    """What a drag with the tool's button does."""

    POINTER = "pointer"
    """Select, move and resize boxes; elsewhere window and level."""
    PAN = "pan"
    ZOOM = "zoom"
    MEASURE = "measure"
    DRAW_BOX = "draw-box"


class DragAction(Enum):
    """What a mouse button does when dragged."""

    TOOL = "tool"
    """What the chosen `Tool` does."""
    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"


class WheelAction(Enum):
    """What the wheel does."""

    SCROLL = "scroll"
    ZOOM = "zoom"


@dataclass(frozen=True)
class MouseBindings:
    """Which button and wheel does what; as Weasis unless changed."""

    left: DragAction = DragAction.TOOL
    middle: DragAction = DragAction.PAN
    right: DragAction = DragAction.ZOOM
    wheel: WheelAction = WheelAction.SCROLL
    control_wheel: WheelAction = WheelAction.ZOOM
