"""The base install, in an environment of its own without torch, answers with an ONNX artifact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import Phantom, make_phantom

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def base_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh environment with the base dependencies only."""
    folder = tmp_path_factory.mktemp("base") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["--constraint", REPOSITORY / "constraints.txt"]
    subprocess.run([*install, *constraints, "--editable", REPOSITORY], check=True)
    return python


def phantom() -> Phantom:
    return next(p for p in (make_phantom(31, i) for i in range(99)) if len(p.findings) == 1)


def run(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_base_install_answers_without_torch(base_python: Path, tmp_path: Path) -> None:
    artifact = run_export(
        ExportRequest(
            method="onnx-int4",
            checkpoint=embedded_model_path(),
            destination=tmp_path / "tiny",
            round_to_nearest=True,
        )
    )
    Image.fromarray(phantom().pixels).save(tmp_path / "phantom.png")
    assert run(base_python, "-c", "import torch").returncode != 0
    asked = run(
        base_python, "-m", "medmo_cli", "ask", tmp_path / "phantom.png", "--task", "localize", "--artifact",
        artifact.path, "--json",
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert answer["backend"]["name"] == "onnx"
    assert [finding["label"] for finding in answer["findings"]] == [phantom().findings[0].label]
    assert "torch" not in asked.stderr.lower()
    doctor = run(base_python, "-m", "medmo_cli", "doctor", "--json")
    assert doctor.returncode == 0, doctor.stderr
    rows = {(row["name"], row["device"]): row for row in json.loads(doctor.stdout)["backends"]}
    assert rows["onnx", "cpu"]["available"]
    assert not rows["reference", "cpu"]["available"]
    for arguments in (
        ("export", "onnx", "--model", "medmo-tiny", "--out", tmp_path / "x"),
        ("demo", "--out", tmp_path),
    ):
        refused = run(base_python, "-m", "medmo_cli", *arguments)
        assert refused.returncode == 3
        assert "install medmo-edge[" in refused.stderr.replace("\n", " ")
        assert "Traceback" not in refused.stderr
