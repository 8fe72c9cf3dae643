"""The sample image: a generated phantom, of the kind that the embedded model was trained on. No patient's."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from medmo_models.directories import user_cache_directory
from medmo_models.phantoms import make_phantom

#: A seed that the embedded model was not trained on, and a phantom of it with several findings.
_SEED, _INDEX = 11, 1


def sample_image() -> Path:
    """Return the sample image's file, which is made the first time.

    Raises
    ------
    OSError
        If the cache folder cannot be written.
    """
    path = user_cache_directory() / "samples" / "phantom.png"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        Image.fromarray(make_phantom(_SEED, _INDEX).pixels).save(partial, format="PNG")
        partial.replace(path)
    return path
