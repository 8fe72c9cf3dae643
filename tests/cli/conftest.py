"""Files that the command's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from medmo_models.phantoms import make_phantom


@pytest.fixture(scope="session")
def phantom_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom with findings, not square."""
    phantom = next(p for p in (make_phantom(21, i) for i in range(99)) if len(p.findings) == 2)
    path = tmp_path_factory.mktemp("images") / "phantom.png"
    Image.fromarray(phantom.pixels).save(path)
    return path
