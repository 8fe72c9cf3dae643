"""Generated phantoms: seeded, fast (a few milliseconds each), with exact ground truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medmo_models.phantoms.anatomy import BACKGROUNDS, PAINTERS
from medmo_models.phantoms.draw import Canvas, mask_box
from medmo_models.phantoms.findings import Place, count_findings, place_finding
from medmo_models.phantoms.scene import LABELS, MODALITIES, Finding, Phantom

#: Image sides in pixels, both ends included.
SIDE_RANGE = (224, 448)
#: Width / height stays between 1 / `MAX_ASPECT` and `MAX_ASPECT`.
MAX_ASPECT = 1.6


def _image_size(rng: np.random.Generator) -> tuple[int, int]:
    while True:
        width, height = (int(side) for side in rng.integers(SIDE_RANGE[0], SIDE_RANGE[1] + 1, size=2))
        if 1 / MAX_ASPECT <= width / height <= MAX_ASPECT:
            return width, height


def make_phantom(seed: int, index: int, *, small_share: float = 0.15) -> Phantom:
    """Generate one phantom.

    Parameters
    ----------
    seed, index : int
        Together they determine the phantom; phantoms of one seed can be made in any order.
    small_share : float, default 0.15
        Probability that a finding is drawn from the small sizes; they find room more often, so at the
        default nearly a fifth of all findings is small.

    Returns
    -------
    Phantom
        224 to 448 px a side, 0 to 3 findings.
    """
    rng = np.random.default_rng((seed, index))
    width, height = _image_size(rng)
    modality = MODALITIES[int(rng.integers(len(MODALITIES)))]
    canvas = Canvas.of_size(width, height)
    image, regions = BACKGROUNDS[modality](canvas, rng)

    findings: list[Finding] = []
    taken: list[Place] = []
    labels = LABELS[modality]
    for _ in range(count_findings(rng)):
        place = place_finding(rng, regions, taken, small_share, width / height)
        if place is None:
            break
        label = labels[int(rng.integers(len(labels)))]
        box = mask_box(PAINTERS[label](image, canvas, place, rng))
        if box is not None:
            taken.append(place)
            findings.append(Finding(label, box))

    image *= 1.0 + 0.02 * canvas.smooth_noise(rng, 5)[..., None]
    image += 0.015 * rng.standard_normal(canvas.shape).astype(np.float32)[..., None]
    pixels = np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    findings.sort(key=lambda finding: (labels.index(finding.label), finding.box[0]))
    return Phantom(pixels, modality, tuple(findings))


def generate_phantoms(seed: int, count: int, *, start: int = 0) -> Iterator[Phantom]:
    """Yield ``count`` phantoms of one seed, beginning at index ``start``."""
    for index in range(start, start + count):
        yield make_phantom(seed, index)
