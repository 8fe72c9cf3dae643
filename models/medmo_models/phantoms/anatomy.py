"""Backgrounds and findings of the three kinds of phantom (grey or RGB float images in [0, 1])."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medmo_models.phantoms.draw import Canvas, FloatImage, blend, ramp
from medmo_models.phantoms.findings import Place, Region
from medmo_models.phantoms.scene import CHEST_XRAY, CT_SLICE, FUNDUS

Background = tuple[FloatImage, list[Region]]
Painter = Callable[[FloatImage, Canvas, Place, np.random.Generator], FloatImage]


def _jitter(rng: np.random.Generator, scale: float = 0.015) -> float:
    return float(rng.uniform(-scale, scale))


def chest_background(canvas: Canvas, rng: np.random.Generator) -> Background:
    """Paint a frontal chest film: body, two dark lungs, heart, ribs. Shape (height, width, 1)."""
    image = np.full((*canvas.shape, 1), 0.05, dtype=np.float32)
    plane = image[..., 0]
    blend(plane, canvas.ellipse(0.5, 0.58, 0.49, 0.60, 0.1, 3.0), rng.uniform(0.50, 0.60))
    shift = _jitter(rng)
    lungs = []
    for side in (-1.0, 1.0):
        cx, cy = 0.5 + shift + side * rng.uniform(0.205, 0.225), 0.48 + _jitter(rng)
        rx, ry = rng.uniform(0.155, 0.175), rng.uniform(0.33, 0.37)
        lung = canvas.ellipse(cx, cy, rx, ry, 0.12, 2.6)
        blend(plane, lung, rng.uniform(0.16, 0.22))
        ribs = np.sin((canvas.y * rng.uniform(13, 15) + (canvas.x - cx) ** 2 * 9) * 2 * np.pi * 0.5)
        plane += lung * 0.035 * ramp(ribs.astype(np.float32))
        lungs.append(Region(cx, cy + 0.02, rx * 0.80, ry * 0.80))
    heart = canvas.ellipse(0.54 + shift, 0.66, rng.uniform(0.11, 0.14), rng.uniform(0.14, 0.17), 0.2)
    blend(plane, heart, 0.58, 0.9)
    blend(plane, canvas.ellipse(0.5 + shift, 0.5, 0.05, 0.55, 0.3), 0.62, 0.9)
    return image, lungs


def ct_background(canvas: Canvas, rng: np.random.Generator) -> Background:
    """Paint an axial CT slice: fat ring, muscle, liver, spine, vessel. Shape (height, width, 1)."""
    image = np.full((*canvas.shape, 1), 0.02, dtype=np.float32)
    plane = image[..., 0]
    rx, ry = rng.uniform(0.45, 0.48), rng.uniform(0.43, 0.47)
    blend(plane, canvas.ellipse(0.5, 0.5, rx, ry, 0.04, 2.3), 0.22)
    blend(plane, canvas.ellipse(0.5, 0.5, rx - 0.04, ry - 0.04, 0.05, 2.3), rng.uniform(0.42, 0.47))
    liver = canvas.ellipse(0.35 + _jitter(rng), 0.42 + _jitter(rng), 0.22, 0.24, 0.15, 2.2)
    blend(plane, liver, rng.uniform(0.50, 0.54))
    blend(plane, canvas.ellipse(0.5 + _jitter(rng), 0.83, 0.07, 0.065, 0.25), 0.92)
    blend(plane, canvas.ellipse(0.5, 0.83, 0.03, 0.028, 0.3), 0.40)
    blend(plane, canvas.ellipse(0.54 + _jitter(rng), 0.70, 0.035, 0.035, 0.2), 0.62)
    return image, [Region(0.5, 0.46, rx * 0.70, ry * 0.66)]


def fundus_background(canvas: Canvas, rng: np.random.Generator) -> Background:
    """Paint a fundus photograph: orange disc, optic disc, macula, vessels. Shape (height, width, 3)."""
    image = np.full((*canvas.shape, 3), 0.01, dtype=np.float32)
    field = canvas.ellipse(0.5, 0.5, 0.48, 0.48, 0.03)
    shade = 1.0 - 0.35 * ((canvas.x - 0.5) ** 2 + (canvas.y - 0.5) ** 2)
    tint = rng.uniform(0.92, 1.05)
    for channel, value in enumerate((0.72, 0.36, 0.14)):
        blend(image[..., channel], field, (value * tint * shade).astype(np.float32))
    side = float(rng.choice((-1.0, 1.0)))
    disc_x, disc_y = 0.5 + side * 0.31, 0.5 + _jitter(rng)
    for bend in (-1.0, 1.0):
        for spread in (0.10, 0.24):
            along = (disc_x - canvas.x) * side
            curve = disc_y + bend * spread * np.sqrt(np.maximum(along, 0.0) * 2.2)
            vessel = ramp(1.6 - np.abs(canvas.y - curve) / 0.006) * (along > 0) * field
            for channel, value in enumerate((0.50, 0.16, 0.09)):
                blend(image[..., channel], vessel, value, 0.75)
    optic_disc = canvas.ellipse(disc_x, disc_y, 0.055, 0.055, 0.25)
    for channel, value in enumerate((0.95, 0.74, 0.42)):
        blend(image[..., channel], optic_disc, value, 0.9)
    macula = canvas.ellipse(0.5 - side * 0.08, 0.5, 0.06, 0.06, 1.0)
    image *= 1.0 - 0.35 * macula[..., None]
    return image, [Region(0.5, 0.5, 0.34, 0.34)]


def _solid(image: FloatImage, mask: FloatImage, value: float, alpha: float) -> FloatImage:
    blend(image[..., 0], mask, value, alpha)
    return mask


def paint_nodule(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A bright, sharp, even disc."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.12)
    return _solid(image, mask, rng.uniform(0.86, 0.94), 0.95)


def paint_consolidation(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A grey, mottled patch with a soft edge: between lung and body in brightness, so that it shows on both."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.35, 2.5)
    mottle = 0.38 + 0.09 * canvas.smooth_noise(rng, 28)
    blend(image[..., 0], mask, mottle, 0.95)
    return mask


def paint_effusion(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A bright pool with straight sides and a curved upper edge (a meniscus)."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.10, 9.0)
    dip = place.cy - place.ry + 0.45 * place.ry * (1.0 - ((canvas.x - place.cx) / place.rx) ** 2)
    below = ramp(((canvas.y - dip) / 0.015 + 0.5).astype(np.float32))
    return _solid(image, mask * below, rng.uniform(0.66, 0.72), 0.95)


def paint_cyst(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A dark, sharp, even ellipse (fluid)."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.08)
    return _solid(image, mask, rng.uniform(0.14, 0.22), 0.95)


def paint_mass(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A bright, mottled ellipse with a brighter rim (contrast enhancement)."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.12, 2.3)
    core = canvas.ellipse(place.cx, place.cy, place.rx * 0.72, place.ry * 0.72, 0.2, 2.3)
    blend(image[..., 0], mask, rng.uniform(0.82, 0.92), 0.95)
    blend(image[..., 0], core, 0.66 + 0.05 * canvas.smooth_noise(rng, 24), 0.9)
    return mask


def paint_hemorrhage(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A dark red blot."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.15)
    for channel, value in enumerate((0.30, 0.03, 0.04)):
        blend(image[..., channel], mask, value * rng.uniform(0.9, 1.1), 0.92)
    return mask


def paint_exudate(image: FloatImage, canvas: Canvas, place: Place, rng: np.random.Generator) -> FloatImage:
    """A pale yellow, grainy patch."""
    mask = canvas.ellipse(place.cx, place.cy, place.rx, place.ry, 0.18, 2.6)
    grain = 0.06 * canvas.smooth_noise(rng, 40)
    for channel, value in enumerate((0.97, 0.88, 0.48)):
        blend(image[..., channel], mask, ramp(value + grain), 0.9)
    return mask


BACKGROUNDS: dict[str, Callable[[Canvas, np.random.Generator], Background]] = {
    CHEST_XRAY: chest_background,
    CT_SLICE: ct_background,
    FUNDUS: fundus_background,
}

PAINTERS: dict[str, Painter] = {
    "Nodule": paint_nodule,
    "Consolidation": paint_consolidation,
    "Effusion": paint_effusion,
    "Cyst": paint_cyst,
    "Mass": paint_mass,
    "Hemorrhage": paint_hemorrhage,
    "Exudate": paint_exudate,
}
