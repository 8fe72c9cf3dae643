"""From the numbers that a model wrote to a box, and from a box to pixels of the original image."""

from __future__ import annotations

from medmo_models.coordinates import GRID_SIZE, CoordinateSpace
from medmo_runtime.grounding.number_blocks import Quad
from medmo_runtime.grounding.results import Box, BoxMark, Coordinates

#: How far beyond the grid a number still counts as an edge slightly overshot; farther out it is in another unit.
GRID_SLACK = 50.0


def make_box(quad: Quad, space: CoordinateSpace) -> Box | None:
    """Put corners in order, scale and clip.

    Parameters
    ----------
    quad : Quad
    space : CoordinateSpace
        The unit that the model's spec declares.

    Returns
    -------
    Box or None
        None if the box has no area.
    """
    x1, y1, x2, y2 = quad.values
    raw = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    marks: list[BoxMark] = ["swapped"] if raw != quad.values else []
    coordinates, mark, space = _scale_and_clip(raw, quad.has_decimal_point, space)
    if mark is not None:
        marks.append(mark)
    if not _has_area(coordinates):
        return None
    return Box(raw, coordinates, space, quad.span, tuple(marks))


def _scale_and_clip(
    raw: Coordinates, has_decimal_point: bool, space: CoordinateSpace
) -> tuple[Coordinates, BoxMark | None, CoordinateSpace]:
    # A decimal point tells shares of the image from a box in its corner: 0.0 to 1.0 is all of it, 0 to 1 one cell.
    if has_decimal_point and min(raw) >= 0 and max(raw) <= 1:
        x1, y1, x2, y2 = raw
        return (x1 * GRID_SIZE, y1 * GRID_SIZE, x2 * GRID_SIZE, y2 * GRID_SIZE), "unit-scale", "relative-1000"
    if space == "pixels":  # the far edges depend on an image that the parser does not know
        clipped = _clip(raw, max(raw))
    else:
        clipped = _clip(raw, GRID_SIZE)
        if max(raw) > GRID_SIZE + GRID_SLACK or (max(raw) > GRID_SIZE and not _has_area(clipped)):
            return raw, "pixels?", space
    return clipped, "clipped" if clipped != raw else None, space


def _clip(box: Coordinates, largest: float) -> Coordinates:
    x1, y1, x2, y2 = (min(max(value, 0.0), largest) for value in box)
    return x1, y1, x2, y2


def _has_area(box: Coordinates) -> bool:
    return box[0] < box[2] and box[1] < box[3]


def to_pixels(
    box: Box, width: int, height: int, *, model_width: int | None = None, model_height: int | None = None
) -> Coordinates:
    """Convert a box to pixels of the original image.

    Parameters
    ----------
    box : Box
        A box marked ``pixels?`` is converted by its declared space all the same and then lies partly or wholly outside
        the image: nothing is guessed.
    width, height : int
        Size of the original image in pixels.
    model_width, model_height : int, optional
        Size of the image that the model saw, after its own resize; needed for a box in the ``pixels`` space only.

    Returns
    -------
    tuple of float
        ``(x1, y1, x2, y2)``; 0 is the left or top edge of the first pixel, ``width`` the right edge of the last.

    Raises
    ------
    ValueError
        If a size that is needed is missing or not positive.
    """
    if box.space == "pixels":
        if model_width is None or model_height is None:
            raise ValueError("a box in the 'pixels' space needs the size of the image that the model saw")
        unit_width, unit_height = float(model_width), float(model_height)
    else:
        unit_width = unit_height = GRID_SIZE
    if min(width, height, unit_width, unit_height) <= 0:
        raise ValueError(f"image sizes must be positive, not {width}x{height} and {unit_width:g}x{unit_height:g}")
    x1, y1, x2, y2 = box.coordinates
    return x1 * width / unit_width, y1 * height / unit_height, x2 * width / unit_width, y2 * height / unit_height
