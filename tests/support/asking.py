"""Images to ask about in tests of the viewer."""

from __future__ import annotations

import numpy as np

from medmo_desktop.asking.requests import ImageChoice
from medmo_models.imaging import image_from_pixels
from medmo_models.phantoms import make_phantom


def phantom_choice(index: int = 0, *, crop: int = 448) -> ImageChoice:
    """A phantom as an image on offer; it is made in the thread that reads it."""
    pixels = np.ascontiguousarray(make_phantom(31, index).pixels[:crop, :crop])
    return ImageChoice(f"phantom {index}", f"Phantom {index}", *pixels.shape[1::-1], lambda: image_from_pixels(pixels))
