"""Real DICOM files that pydicom and pydicom-data carry."""

from __future__ import annotations

from pathlib import Path

from pydicom.data import get_testdata_file


def real_file(name: str) -> Path:
    """Return a file of pydicom's or pydicom-data's."""
    path = get_testdata_file(name, download=False)
    assert path is not None, f"{name} is not installed: install pydicom-data"
    return Path(str(path))
