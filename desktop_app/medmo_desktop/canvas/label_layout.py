"""Where the text beside a box goes so that it stays in the view, free of Qt."""

from __future__ import annotations

from medmo_desktop.canvas.view_state import Point, Rectangle

_GAP = 2.0


def place_label(box: Rectangle, label: Point, view: Point) -> Rectangle | None:
    """Return the label's rectangle: above the box, below it if there is no room, else inside; None if it is not seen.

    Parameters
    ----------
    box : tuple of float
        In the widget's pixels; may reach out of it.
    label, view : tuple of float
        Width and height of the label and of the widget.
    """
    left, top, right, bottom = box
    if right < 0 or bottom < 0 or left > view[0] or top > view[1]:
        return None
    width, height = label
    if top - _GAP - height >= 0:
        y = top - _GAP - height
    elif bottom + _GAP + height <= view[1]:
        y = bottom + _GAP
    else:
        y = max(top, 0.0) + _GAP
    x = max(0.0, min(max(left, 0.0), view[0] - width))
    y = max(0.0, min(y, view[1] - height))
    return x, y, x + width, y + height


def clipped(box: Rectangle, view: Point, margin: float) -> Rectangle | None:
    """Return the part of a box within a margin around the view, so that no painted coordinate is large; None if none.

    Qt's raster engine draws nothing right beyond 32,767 pixels.
    """
    left, top = max(box[0], -margin), max(box[1], -margin)
    right, bottom = min(box[2], view[0] + margin), min(box[3], view[1] + margin)
    return (left, top, right, bottom) if left <= right and top <= bottom else None
