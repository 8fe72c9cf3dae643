"""Draws an answer's boxes on its image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_runtime.answer import Answer
from medmo_runtime.overlay import OverlayFinding, save_overlay


def overlay_findings(answer: Answer) -> list[OverlayFinding]:
    """Return the answer's labels and pixel boxes."""
    return [OverlayFinding(found.label, tuple(box.pixels for box in found.boxes)) for found in answer.findings]


def save_answer_overlay(path: Path, pixels: NDArray[np.uint8], answer: Answer) -> None:
    """Write ``pixels`` with the answer's boxes as a PNG; the caption says which artifact answered.

    Parameters
    ----------
    path : Path
    pixels : ndarray of uint8, shape (height, width, 3)
        The image asked about.
    answer : Answer

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    marks = f" [{', '.join(answer.marks)}]" if answer.marks else ""
    caption = f"{answer.artifact.method} on {answer.backend.name}/{answer.backend.device}{marks}"
    save_overlay(path, pixels, overlay_findings(answer), caption=caption)
