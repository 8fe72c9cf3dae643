"""The text on an overlay: a tag per box, and the caption strip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rectangle = tuple[float, float, float, float]

_BACKGROUND = (16, 16, 16)
_TEXT = (240, 240, 240)


@dataclass(frozen=True)
class Tag:
    """A label to write near a box (``(x1, y1, x2, y2)`` in pixels), and the box's colour."""

    label: str
    box: Rectangle
    color: tuple[int, int, int]


def draw_tags(canvas: NDArray[np.uint8], tags: Sequence[Tag]) -> NDArray[np.uint8]:
    """Write each label near its box, inside the image, where it covers least of other tags and boxes.

    Parameters
    ----------
    canvas : ndarray of uint8, shape (height, width, 3)
        RGB; left unchanged.
    tags : sequence of Tag
        An empty label is not written.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.
    """
    height, width = canvas.shape[:2]
    font = _font(width, height)
    padding = max(2, round(font.size / 5))
    tag_height = sum(font.getmetrics()) + padding
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    boxes = np.array([tag.box for tag in tags]).reshape(-1, 4)
    written: list[Rectangle] = []
    for tag in tags:
        text = _shorten(_printable(tag.label), font, width - 3 * padding)
        if not text:
            continue
        tag_width = int(font.getlength(text)) + 3 * padding
        places = _places(tag.box, tag_width, tag_height, width, height)
        place = min(places, key=lambda place: 4 * _overlap(place, written) + _overlap(place, boxes))
        written.append(place)
        left, top, right, bottom = place
        draw.rectangle((left, top, right - 1, bottom - 1), fill=_BACKGROUND)
        draw.rectangle((left, top, left + padding - 1, bottom - 1), fill=tag.color)
        draw.text((left + 2 * padding, top + padding // 2), text, font=font, fill=_TEXT)
    return np.asarray(picture)


def append_caption(canvas: NDArray[np.uint8], paragraphs: Sequence[str]) -> NDArray[np.uint8]:
    """Add rows below an RGB image, with text wrapped to its width."""
    height, width = canvas.shape[:2]
    font = _font(width, height)
    padding = max(2, round(font.size / 3))
    row_height = sum(font.getmetrics())
    lines = [
        line
        for paragraph in paragraphs
        for part in paragraph.splitlines()
        for line in _wrap(_printable(part), font, width - 2 * padding)
    ]
    strip = Image.new("RGB", (width, row_height * len(lines) + 2 * padding), _BACKGROUND)
    draw = ImageDraw.Draw(strip)
    for index, line in enumerate(lines):
        draw.text((padding, padding + index * row_height), line, font=font, fill=_TEXT)
    return np.concatenate([canvas, np.asarray(strip)])


def _font(width: int, height: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=min(64, max(13, round(0.026 * (width * height) ** 0.5))))
    assert isinstance(font, ImageFont.FreeTypeFont)  # a size always gives Pillow's bundled vector font
    return font


def _places(box: Rectangle, tag_width: int, tag_height: int, width: int, height: int) -> list[Rectangle]:
    """Where a tag may go, best first: above, below, beside, inside; each moved into the image."""
    x1, y1, x2, y2 = math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])
    corners = [
        *((x1, y1 - tag_height), (x2 - tag_width, y1 - tag_height), (x1, y2), (x2 - tag_width, y2)),
        *((x2, y1), (x1 - tag_width, y1), (x1, y1)),
    ]
    places: list[Rectangle] = []
    for corner_x, corner_y in corners:
        left = max(0, min(corner_x, width - tag_width))
        top = max(0, min(corner_y, height - tag_height))
        places.append((left, top, left + tag_width, top + tag_height))
    return places


def _overlap(place: Rectangle, others: Sequence[Rectangle] | NDArray[np.float64]) -> float:
    x1, y1, x2, y2 = np.asarray(others, dtype=np.float64).reshape(-1, 4).T
    columns = np.clip(np.minimum(x2, place[2]) - np.maximum(x1, place[0]), 0, None)
    rows = np.clip(np.minimum(y2, place[3]) - np.maximum(y1, place[1]), 0, None)
    return float(np.sum(columns * rows))


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, " ".join(text.split())))


def _shorten(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[: -max(1, len(text) // 8)]
    return text + "..." if text else ""


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break text between words, and inside a word only if the word alone is too wide."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if font.getlength(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = ""
        for character in word:
            if line and font.getlength(line + character) > width:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line]
