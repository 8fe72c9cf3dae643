"""ONNX Runtime's telemetry: nothing is written, in a process that answers with an ONNX artifact."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from medmo_export.onnx.graph import GraphBuilder, WeightFile

_LOAD = """
import sys
from pathlib import Path

import numpy as np

from medmo_export.onnx.graph import GraphBuilder, WeightFile
from medmo_models.networks.onnx.library import import_onnxruntime
ort = import_onnxruntime()
value = ort.OrtValue.ortvalue_from_shape_and_type([1], "float32")
session = ort.InferenceSession(Path(sys.argv[1]).read_bytes(), providers=["CPUExecutionProvider"])
"""


def test_no_device_id_and_no_event_database_are_written(tmp_path: Path) -> None:
    weights = WeightFile(tmp_path / "weights.data")
    graph = GraphBuilder("any", weights)
    value = graph.input("value", np.float32, [1])
    graph.node("Neg", value, output="result")
    graph.output("result", np.float32, [1])
    weights.close()
    graph.save(tmp_path / "any.onnx")
    home = tmp_path / "home"
    home.mkdir()
    places = {"HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    subprocess.run([sys.executable, "-c", _LOAD, str(tmp_path / "any.onnx")], env={**os.environ, **places}, check=True)
    assert list(home.rglob("*")) == []
