"""What benchmarks ask about: what is in the image and in the text changes no time and no size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: About twenty tokens.
WORDS = "What is seen in this image, where is it, how large is it, and what does it mean for the patient? "


def noise(side: int, seed: int) -> NDArray[np.uint8]:
    """Return a square image of noise, uint8, shape (side, side, 3)."""
    return np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
