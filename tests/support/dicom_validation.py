"""Validation of DICOM objects by dicom3tools' dciodvfy (Debian and Ubuntu: ``apt install dicom3tools``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest


def validation_errors(path: Path, kind: str = "ComprehensiveSR") -> list[str]:
    """Return dciodvfy's errors; without the program a warning in general and a failure on CI, never a silent pass.

    ``kind`` is dciodvfy's name for what the file has to be.
    """
    program = shutil.which("dciodvfy")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("dciodvfy is missing on CI: install the package dicom3tools")
        warnings.warn("dciodvfy is not installed: the report was checked by highdicom alone", stacklevel=2)
        return []
    done = subprocess.run([program, str(path)], capture_output=True, text=True, errors="replace", check=False)
    said = (done.stdout + done.stderr).splitlines()
    assert kind in said, said
    return [line for line in said if line.startswith(("Error", "E:"))]
