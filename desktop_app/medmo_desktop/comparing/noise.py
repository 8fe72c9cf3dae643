"""The noise floor of boxes: how far a model's own boxes move when the picture changes by what nobody sees. Free of Qt.

The change is one grey level of 256 on every pixel, as a slightly different window center makes it. A difference between
two models that is no larger than this says nothing about quantization on this image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from medmo_desktop.comparing.boxes import BoxComparison
from medmo_models.imaging import LoadedImage

_BRIGHTEST = 255


@dataclass(frozen=True)
class NoiseVerdict:
    """Whether the difference of two models is within the noise floor, and the figures behind it, in words."""

    within: bool
    words: str


def brighter(image: LoadedImage) -> LoadedImage:
    """Return the image one grey level brighter; white stays white."""
    raised = np.minimum(image.pixels, _BRIGHTEST - 1) + np.uint8(1)
    return replace(image, pixels=raised, notes=(*image.notes, "one grey level brighter, to measure noise"))


def judge_drift(drift: BoxComparison, floor: BoxComparison) -> NoiseVerdict:
    """Hold the boxes' drift between two models against the drift of the first model with itself.

    It is within the floor if no more boxes were lost or new, and the pairs overlap at least as well on average.
    """
    lone, lone_floor = _lone(drift), _lone(floor)
    overlap, overlap_floor = _overlap(drift), _overlap(floor)
    within = lone <= lone_floor and overlap >= overlap_floor
    figures = (
        f"mean IoU {overlap:.3f} against {overlap_floor:.3f} of the first with itself, "
        f"{lone} lost or new against {lone_floor}"
    )
    verdict = "within the noise floor" if within else "beyond the noise floor"
    return NoiseVerdict(within, f"{verdict} on this image: {figures}")


def _lone(comparison: BoxComparison) -> int:
    return comparison.count("lost") + comparison.count("new")


def _overlap(comparison: BoxComparison) -> float:
    return 1.0 if comparison.mean_iou is None else comparison.mean_iou
