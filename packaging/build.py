"""Builds the viewer as one folder, ``dist/medmo-edge``, and tries it out.

``python packaging/build.py`` builds; with ``--smoke`` it also starts the result, asks about a generated image and looks
at the answer and at the picture of the window.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import PyInstaller.__main__
from PIL import Image

from medmo_export.embedded import packaged_copy_path
from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.artifact import open_artifact
from medmo_models.errors import MedMOError
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "dist" / "medmo-edge" / ("medmo-edge.exe" if os.name == "nt" else "medmo-edge")


def make_artifact() -> Path:
    """Return the embedded model's ONNX copy for the package, calibrated as ``medmo export onnx`` does."""
    folder = ROOT / "build" / packaged_copy_path("onnx-int4").name
    try:
        return open_artifact(folder).path
    except MedMOError:
        folder.parent.mkdir(exist_ok=True)
        request = ExportRequest(
            method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, overwrite=folder.exists()
        )
        return run_export(request).path


def build() -> None:
    """Build the folder."""
    os.environ["MEDMO_PACKAGED_ARTIFACT"] = str(make_artifact())
    shutil.rmtree(PROGRAM.parent, ignore_errors=True)
    PyInstaller.__main__.run(
        [
            str(ROOT / "packaging" / "medmo-edge.spec"),
            *("--distpath", str(ROOT / "dist"), "--workpath", str(ROOT / "build" / "pyinstaller")),
            *("--noconfirm", "--log-level", "WARN"),
        ]
    )
    files = [path for path in PROGRAM.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    sys.stdout.write(f"{PROGRAM.parent}: {size / 2**20:.0f} MiB in {len(files)} files\n")


def smoke() -> None:
    """Start what was built, without this environment's Python path, and check that it answers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(make_phantom(11, 1).pixels).save(folder / "phantom.png")
        picture = folder / "window.png"
        hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        environment = {key: value for key, value in os.environ.items() if key not in hidden}
        environment |= {"QT_QPA_PLATFORM": "offscreen", "MEDMO_CACHE_DIR": str(folder / "cache")}
        began = time.perf_counter()
        done = subprocess.run(
            [PROGRAM, "--screenshot", picture, folder / "phantom.png", "--prompt", LOCALIZE_PROMPT],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        seconds = time.perf_counter() - began
        if done.returncode != 0 or "<box>" not in done.stdout:
            raise SystemExit(f"no answer (code {done.returncode}):\n{done.stdout}\n{done.stderr}")
        pixels = np.asarray(Image.open(picture).convert("RGB"))
        if pixels.std() < 20:
            raise SystemExit("the picture of the window is empty")
        shutil.copy(picture, ROOT / "build" / "package-smoke.png")
        sys.stdout.write(f"answered in {seconds:.1f} s from start to end: {done.stdout.strip()}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="start the result and check that it answers")
    parser.add_argument("--no-build", action="store_true", help="only try what is there")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if not options.no_build:
        build()
    if options.smoke:
        smoke()
