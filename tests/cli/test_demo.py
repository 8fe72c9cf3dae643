from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from medmo_models.artifact import open_artifact
from support.command import run_medmo


def test_the_demo_exports_answers_draws_and_measures(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    done = run_medmo("demo", "--out", str(out), "--count", "4", "--json")
    assert done.code == 0, done.err
    report = done.json
    rows = {row["format"]: row for row in report["rows"]}
    assert list(rows) == ["bf16", "gptq", "bnb-nf4", "onnx-int4"]
    assert rows["bf16"]["agreement"] == 1.0
    for method in ("gptq", "bnb-nf4", "onnx-int4"):
        assert rows[method]["bytes"] < rows["bf16"]["bytes"]
        assert rows[method]["agreement"] > 0.8
        assert rows[method]["decode_tokens_per_s"] > 0
        artifact = open_artifact(out / f"medmo-tiny-{method}")
        assert artifact.manifest.self_check is not None
        assert artifact.manifest.source.name == "medmo-tiny"
    assert len(report["overlays"]) == 4
    assert any("dicom" in overlay for overlay in report["overlays"])
    for overlay in report["overlays"]:
        picture = np.asarray(Image.open(overlay).convert("RGB"))
        assert picture.shape[0] > 200
    tasks = {(entry["image"]["width"], entry["task"]) for entry in report["answers"]}
    assert {task for _, task in tasks} == {"localize", "vqa", "report"}
    assert (1841, "localize") in tasks
    assert report["chosen"]["reason"]


def test_an_out_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    done = run_medmo("demo", "--out", str(tmp_path / "file"))
    assert done.code == 2
    assert "file" in done.sentence()
