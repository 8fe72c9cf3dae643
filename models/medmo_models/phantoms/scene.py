"""What a phantom image shows: its kind of image, its findings and their boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_models.grounding_format import GroundedLabel, format_grounding

CHEST_XRAY = "chest X-ray"
CT_SLICE = "CT slice"
FUNDUS = "fundus photograph"
MODALITIES = (CHEST_XRAY, CT_SLICE, FUNDUS)

#: Finding labels per kind of image, in the order in which an answer lists them.
LABELS: dict[str, tuple[str, ...]] = {
    CHEST_XRAY: ("Nodule", "Consolidation", "Effusion"),
    CT_SLICE: ("Cyst", "Mass"),
    FUNDUS: ("Hemorrhage", "Exudate"),
}

#: A finding whose longer side is under this share of the image side is reported as small.
SMALL_FINDING_SHARE = 0.18


@dataclass(frozen=True)
class Finding:
    """One finding of a phantom.

    Attributes
    ----------
    label : str
        One of `LABELS` of the phantom's kind of image.
    box : tuple of float
        ``(x1, y1, x2, y2)`` as shares (0 to 1) of the original image's width and height.
    """

    label: str
    box: tuple[float, float, float, float]

    @property
    def is_small(self) -> bool:
        """Whether the longer side is under `SMALL_FINDING_SHARE` of the image."""
        x1, y1, x2, y2 = self.box
        return max(x2 - x1, y2 - y1) < SMALL_FINDING_SHARE

    @property
    def box_1000(self) -> tuple[int, int, int, int]:
        """The box on the 0-1000 grid relative to the original image (MedMO's answers)."""
        x1, y1, x2, y2 = (round(1000 * value) for value in self.box)
        return x1, y1, x2, y2


@dataclass(frozen=True)
class Phantom:
    """A generated image with its ground truth.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB; grey kinds of image have three equal channels.
    modality : str
        One of `MODALITIES`.
    findings : tuple of Finding
        Sorted by label (in the order of `LABELS`), then by the box's left edge.
    """

    pixels: NDArray[np.uint8]
    modality: str
    findings: tuple[Finding, ...]

    def grounding_answer(self) -> str:
        """Return the true answer to a localize prompt in MedMO's own format."""
        labels: list[GroundedLabel] = []
        for label in LABELS[self.modality]:
            boxes = [finding.box_1000 for finding in self.findings if finding.label == label]
            if boxes:
                labels.append(GroundedLabel(label, tuple(boxes)))
        return format_grounding(labels)
