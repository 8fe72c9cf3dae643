"""Draws findings on an image, for people to look at.

Frames are drawn by how much of each pixel they cover, so a box is right to a fraction of a pixel at any image size. The
caption goes into rows added below the image, never over the anatomy.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medmo_models.errors import InputError
from medmo_runtime.answer import Answer
from medmo_runtime.overlay_text import Rectangle, Tag, append_caption, draw_tags

RESEARCH_NOTICE = "Research use only. Not for diagnosis."

Color = tuple[int, int, int]

#: Okabe and Ito's palette for all kinds of colour vision (jfly.uni-koeln.de/color), without black.
PALETTE: tuple[Color, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (204, 121, 167),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
)

_FILL_OPACITY = 0.07
#: A dark line inside each frame keeps it visible on bright tissue.
_CONTRAST_OPACITY = 0.8
#: Thinner boxes are drawn this thick around their centre, which moves no edge by more than one pixel.
_SMALLEST_SIDE = 2.0


@dataclass(frozen=True)
class OverlayFinding:
    """A label and its boxes, ``(x1, y1, x2, y2)`` in pixels of the image they are drawn on."""

    label: str
    boxes: tuple[Rectangle, ...]


def label_colors(labels: Iterable[str]) -> dict[str, Color]:
    """Give each label a colour that depends on its text, not on its place in the answer.

    Returns
    -------
    dict of str to tuple of int
        RGB, 0 to 255. Up to `len(PALETTE)` labels get different colours; case does not matter.
    """
    spellings = sorted(set(labels))
    colors: dict[str, Color] = {}
    for name in sorted({label.casefold() for label in spellings}):
        first = crc32(name.encode("utf-8", "replace")) % len(PALETTE)
        candidates = PALETTE[first:] + PALETTE[:first]
        colors[name] = next((color for color in candidates if color not in colors.values()), candidates[0])
    return {label: colors[label.casefold()] for label in spellings}


def draw_overlay(
    pixels: NDArray[np.uint8], findings: Sequence[OverlayFinding], *, caption: str | None = None
) -> NDArray[np.uint8]:
    """Draw boxes with their labels, and a caption strip below the image.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB; left unchanged.
    findings : sequence of OverlayFinding
        The outer rim of a drawn frame is the box. What lies outside the image is not drawn; the caption counts the
        boxes that lie outside altogether.
    caption : str, optional
        Text above `RESEARCH_NOTICE`, which the strip always carries.

    Returns
    -------
    ndarray of uint8, shape (height + caption rows, width, 3)
        RGB.

    Raises
    ------
    ValueError
        If the array is not an RGB image, or a box has corners in the wrong order or is not finite.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise ValueError(f"pixels must be uint8 of shape (height, width, 3), not {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[:2]
    canvas = pixels.copy()
    colors = label_colors(finding.label for finding in findings)
    line_width = max(2.0, round(max(width, height) / 300))
    tags: list[Tag] = []
    outside = 0
    for finding in findings:
        for box in finding.boxes:
            x1, y1, x2, y2 = _drawable(box)
            if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
                outside += 1
                continue
            _draw_box(canvas, (x1, y1, x2, y2), colors[finding.label], line_width)
            tags.append(Tag(finding.label, (x1, y1, x2, y2), colors[finding.label]))
    lines = [] if caption is None else [caption]
    if outside:
        lines.append(f"{outside} box{'es' if outside > 1 else ''} outside the image not drawn.")
    return append_caption(draw_tags(canvas, tags), [*lines, RESEARCH_NOTICE])


def _drawable(box: Rectangle) -> Rectangle:
    x1, y1, x2, y2 = box
    if not all(map(math.isfinite, box)) or x1 > x2 or y1 > y2:
        raise ValueError(f"a box needs finite x1 <= x2 and y1 <= y2, not {box}")
    grow_x, grow_y = max(0.0, (_SMALLEST_SIDE - (x2 - x1)) / 2), max(0.0, (_SMALLEST_SIDE - (y2 - y1)) / 2)
    return x1 - grow_x, y1 - grow_y, x2 + grow_x, y2 + grow_y


def _draw_box(canvas: NDArray[np.uint8], box: Rectangle, color: Color, line_width: float) -> None:
    x1, y1, x2, y2 = box
    height, width = canvas.shape[:2]
    left, right = max(0, math.floor(x1)), min(width, math.ceil(x2))
    top, bottom = max(0, math.floor(y1)), min(height, math.ceil(y2))
    line_width = min(line_width, max(1.0, min(x2 - x1, y2 - y1) / 4))

    def coverage(inset: float) -> NDArray[np.float64]:
        columns = _coverage(x1 + inset, x2 - inset, left, right)
        rows = _coverage(y1 + inset, y2 - inset, top, bottom)
        return np.outer(rows, columns)[:, :, None]

    outer, inside_frame, inside_contrast = coverage(0), coverage(line_width), coverage(1.5 * line_width)
    area = canvas[top:bottom, left:right].astype(np.float64)
    for opacity, paint in (
        (_FILL_OPACITY * inside_contrast, color),
        (_CONTRAST_OPACITY * (inside_frame - inside_contrast), (0, 0, 0)),
        (outer - inside_frame, color),
    ):
        area += opacity * (np.array(paint) - area)
    canvas[top:bottom, left:right] = np.rint(area).astype(np.uint8)


def _coverage(low: float, high: float, start: int, stop: int) -> NDArray[np.float64]:
    """Share of each pixel from ``start`` to ``stop`` that lies between ``low`` and ``high``, along one axis."""
    edges = np.arange(start, stop, dtype=np.float64)
    covered: NDArray[np.float64] = np.clip(np.minimum(high, edges + 1) - np.maximum(low, edges), 0.0, 1.0)
    return covered


def save_overlay(
    path: Path, pixels: NDArray[np.uint8], findings: Sequence[OverlayFinding], *, caption: str | None = None
) -> None:
    """Write `draw_overlay`'s picture as a PNG file that holds pixels and nothing else.

    Parameters
    ----------
    path : Path
        Ends in ``.png``. Written beside and renamed, so a failure leaves an older file as it was.
    pixels, findings, caption
        As for `draw_overlay`.

    Raises
    ------
    InputError
        If the name does not end in ``.png`` or the file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise InputError(f"The overlay is a PNG picture, but {path} does not end in .png; choose such a name.")
    picture = Image.fromarray(draw_overlay(pixels, findings, caption=caption))
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            picture.save(file, format="PNG")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise InputError(
            f"Cannot write the overlay {path}: {reason}; choose a folder that can be written to."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def save_answer_overlay(path: Path, pixels: NDArray[np.uint8], answer: Answer) -> None:
    """Write an answer's boxes on its image as a PNG file; the caption says what answered and what was wrong with it.

    Parameters
    ----------
    path : Path
    pixels : ndarray of uint8, shape (height, width, 3)
        The image that the question was about, RGB.
    answer : Answer

    Raises
    ------
    InputError
        As `save_overlay`.
    """
    findings = [
        OverlayFinding(finding.label, tuple(box.pixels for box in finding.boxes)) for finding in answer.findings
    ]
    caption = f"{answer.artifact.method} on {answer.backend.name}/{answer.backend.device}"
    if answer.marks:
        caption += f"; the answer is {', '.join(answer.marks)}"
    save_overlay(path, pixels, findings, caption=caption)
