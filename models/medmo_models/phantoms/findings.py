"""Where findings go on a phantom: sizes, places inside the organ, no overlaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medmo_models.phantoms.scene import SMALL_FINDING_SHARE

#: Boxes stay inside this share of the image, to half a pixel, so that every coordinate has three digits.
MARGIN_LOW, MARGIN_HIGH = 0.105, 0.985


@dataclass(frozen=True)
class Region:
    """An elliptical part of the organ where the centre of a finding may lie (shares)."""

    cx: float
    cy: float
    rx: float
    ry: float


@dataclass(frozen=True)
class Place:
    """Centre and half axes of a finding (shares of the image's sides)."""

    cx: float
    cy: float
    rx: float
    ry: float

    def overlaps(self, other: Place, gap: float) -> bool:
        """Whether the two bounding boxes come closer than ``gap``."""
        return abs(self.cx - other.cx) < self.rx + other.rx + gap and abs(self.cy - other.cy) < self.ry + other.ry + gap


def count_findings(rng: np.random.Generator) -> int:
    """Draw how many findings a phantom has: 0 to 3."""
    return int(rng.choice(4, p=[0.15, 0.40, 0.30, 0.15]))


def place_finding(
    rng: np.random.Generator, regions: list[Region], taken: list[Place], small_share: float, aspect: float
) -> Place | None:
    """Find room for one more finding.

    Parameters
    ----------
    rng : numpy.random.Generator
    regions : list of Region
        The centre lies in one of them.
    taken : list of Place
        Findings already placed; boxes keep a gap.
    small_share : float
        Probability, at each try, of a small finding (longer side 0.11 to 0.18 of the image).
    aspect : float
        Image width / height: shapes are drawn round in pixels, up to a random stretch.

    Returns
    -------
    Place or None
        None if 40 tries found no room.
    """
    for attempt in range(40):
        if rng.random() < small_share:
            side = rng.uniform(0.11, SMALL_FINDING_SHARE - 0.005)
        else:
            side = rng.uniform(0.19, 0.38 - 0.12 * min(1.0, attempt / 20))
        stretch = float(np.exp(rng.uniform(-0.35, 0.35))) / aspect
        width, height = (side, side / stretch) if stretch > 1 else (side * stretch, side)
        region = regions[int(rng.integers(len(regions)))]
        angle, distance = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
        place = Place(
            float(region.cx + region.rx * distance * np.cos(angle)),
            float(region.cy + region.ry * distance * np.sin(angle)),
            width / 2,
            height / 2,
        )
        if min(place.cx - place.rx, place.cy - place.ry) < MARGIN_LOW:
            continue
        if max(place.cx + place.rx, place.cy + place.ry) > MARGIN_HIGH:
            continue
        if not any(place.overlaps(other, gap=0.02) for other in taken):
            return place
    return None
