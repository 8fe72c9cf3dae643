"""Finding, moving and resizing boxes with pointer and arrow keys, free of Qt."""

from __future__ import annotations

from typing import Literal

from medmo_desktop.canvas.view_state import Point, Rectangle, ViewGeometry
from medmo_desktop.findings.marks import BoxSet, MarkedBox

#: Logical screen pixels.
HANDLE_SIZE = 8.0
_REACH = 6.0
_COARSE_STEP = 10.0

Handle = Literal["left top", "top", "right top", "left", "right", "left bottom", "bottom", "right bottom"]
#: What of a box a drag takes hold of.
Grip = Handle | Literal["inside"]


def handle_points(rectangle: Rectangle) -> dict[Handle, Point]:
    """Return the middle of each handle of a rectangle on the screen."""
    left, top, right, bottom = rectangle
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    return {
        "left top": (left, top),
        "top": (middle_x, top),
        "right top": (right, top),
        "left": (left, middle_y),
        "right": (right, middle_y),
        "left bottom": (left, bottom),
        "bottom": (middle_x, bottom),
        "right bottom": (right, bottom),
    }


def box_at(boxes: BoxSet, geometry: ViewGeometry, point: Point) -> MarkedBox | None:
    """Return the visible box under a point of the widget; the smallest one if several are."""
    hits = [box for box in boxes if box.visible and _inside(geometry.rectangle_to_view(box.pixels), point, 2.0)]
    return min(hits, key=lambda box: _area(box.pixels), default=None)


def grip_at(box: MarkedBox, geometry: ViewGeometry, point: Point) -> Grip | None:
    """Return what of a box a press at a point of the widget takes hold of; corners before sides before the inside."""
    rectangle = geometry.rectangle_to_view(box.pixels)
    handles = handle_points(rectangle)
    for handle in sorted(handles, key=lambda name: " " not in name):
        x, y = handles[handle]
        if abs(point[0] - x) <= _REACH and abs(point[1] - y) <= _REACH:
            return handle
    return "inside" if _inside(rectangle, point, 0.0) else None


def dragged(
    pixels: Rectangle, grip: Grip, geometry: ViewGeometry, start: Point, end: Point, image_size: tuple[int, int]
) -> Rectangle:
    """Return a box after a drag of one grip from ``start`` to ``end`` (the widget's pixels), within the image."""
    if grip == "inside":
        from_point, to_point = geometry.to_image(start), geometry.to_image(end)
        return moved_within(pixels, to_point[0] - from_point[0], to_point[1] - from_point[1], image_size)
    left, top, right, bottom = geometry.rectangle_to_view(pixels)
    dx, dy = end[0] - start[0], end[1] - start[1]
    # On the screen, because which edge of the image is at the left depends on flips and rotation.
    if "left" in grip:
        left += dx
    if "right" in grip:
        right += dx
    if "top" in grip:
        top += dy
    if "bottom" in grip:
        bottom += dy
    return within(geometry.rectangle_to_image((left, top, right, bottom)), image_size)


def moved_within(pixels: Rectangle, dx: float, dy: float, image_size: tuple[int, int]) -> Rectangle:
    """Return a box or a line moved by pixels of the image as far as it stays inside, its size kept."""
    x1, y1, x2, y2 = pixels
    dx = _step_inside(dx, min(x1, x2), max(x1, x2), image_size[0])
    dy = _step_inside(dy, min(y1, y2), max(y1, y2), image_size[1])
    return x1 + dx, y1 + dy, x2 + dx, y2 + dy


def within(pixels: Rectangle, image_size: tuple[int, int]) -> Rectangle:
    """Return a box with its corners in order and inside the image."""
    xs = sorted(min(max(x, 0.0), float(image_size[0])) for x in pixels[0::2])
    ys = sorted(min(max(y, 0.0), float(image_size[1])) for y in pixels[1::2])
    return xs[0], ys[0], xs[1], ys[1]


def arrow_step(geometry: ViewGeometry, fine: bool) -> float:
    """Return by how many pixels of the image an arrow key moves: one, or about ten of the screen's, but whole ones."""
    return 1.0 if fine else max(1.0, float(round(_COARSE_STEP / geometry.zoom)))


def on_image(direction: Point, geometry: ViewGeometry) -> Point:
    """Return a direction on the screen as one on the image."""
    (xx, xy), (yx, yy) = geometry.state.axes()
    return xx * direction[0] + xy * direction[1], yx * direction[0] + yy * direction[1]


def resized(pixels: Rectangle, direction: Point, step: float, geometry: ViewGeometry) -> Rectangle:
    """Return a box whose right or bottom edge on the screen was moved by ``step`` pixels of the image.

    It keeps at least one pixel of the image in width and in height, unless it was thinner before.
    """
    left, top, right, bottom = geometry.rectangle_to_view(pixels)
    travel = step * geometry.zoom
    right = max(right + direction[0] * travel, left + min(geometry.zoom, right - left))
    bottom = max(bottom + direction[1] * travel, top + min(geometry.zoom, bottom - top))
    return within(geometry.rectangle_to_image((left, top, right, bottom)), geometry.image_size)


def next_box(boxes: BoxSet, selected: str | None, step: int) -> str | None:
    """Return the visible box after (1) or before (-1) the selected one in reading order; None past the end."""
    ids = [box.id for box in boxes if box.visible]
    if selected not in ids:
        return (ids[0] if step > 0 else ids[-1]) if ids else None
    index = ids.index(selected) + step
    return ids[index] if 0 <= index < len(ids) else None


def _step_inside(step: float, low: float, high: float, size: int) -> float:
    # A box that is already partly outside may move inwards, not further out.
    return min(max(step, min(0.0, -low)), max(0.0, size - high))


def _inside(rectangle: Rectangle, point: Point, margin: float) -> bool:
    left, top, right, bottom = rectangle
    return left - margin <= point[0] <= right + margin and top - margin <= point[1] <= bottom + margin


def _area(pixels: Rectangle) -> float:
    return (pixels[2] - pixels[0]) * (pixels[3] - pixels[1])
