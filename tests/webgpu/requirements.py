"""Prints what the environment of ``make webgpu`` needs: the base dependencies with another ONNX Runtime, and pytest."""

from __future__ import annotations

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
base = [one for one in project["dependencies"] if not one.startswith("onnxruntime")]
print("\n".join([*base, "onnxruntime-webgpu", "pytest"]))
