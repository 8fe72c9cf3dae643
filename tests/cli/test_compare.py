from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from medmo_export.pipeline import ExportRequest, run_export
from medmo_export.recipe import read_recipe
from medmo_models.library import embedded_model_path
from support.checkpoints import make_checkpoint
from support.command import run_medmo

DATA = "phantoms:seed=7,count=2"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifact") / "tiny-onnx"
    request = ExportRequest(
        method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, round_to_nearest=True
    )
    return run_export(request).path


def arguments(artifact: Path, out: Path, *more: str) -> list[str]:
    return ["compare", str(artifact), "--reference", "medmo-tiny", "--data", DATA, "--out", str(out), *more]


class Links(HTMLParser):
    """Collects whatever a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href", "xlink:href") and value]


def test_a_comparison_writes_its_report_and_is_not_run_twice(artifact: Path, tmp_path: Path) -> None:
    out = tmp_path / "comparison"
    done = run_medmo(*arguments(artifact, out, "--no-noise-floor", "--per-layer", "2", "--json"))
    assert done.code == 0, done.err
    rows = {row["artifact"]: row for row in done.json["rows"]}
    assert list(rows) == ["reference", "tiny-onnx", "round-to-nearest 4 bit, group 128"]
    row = rows["tiny-onnx"]
    assert row["kld"]["mean"] > 0
    assert row["kld"]["50"] <= row["kld"]["99"] <= row["kld"]["max"]
    assert row["top1"] > 0.8
    assert row["backend"] == "onnx"
    assert row["peak_memory_bytes"] > 10**7
    assert rows["reference"]["kld"] is None
    assert done.json["samples"] == 11
    page = (out / "index.html").read_text()
    links = Links()
    links.feed(page)
    assert all(link.startswith(("data:", "#")) for link in links.found)
    assert "@import" not in page
    assert "model.language_model.layers.0.mlp.down_proj" in page
    report = json.loads((out / "report.json").read_text())
    assert report["rows"][1]["tokens"]["kld_mean"]["value"] == row["kld"]["mean"]
    assert report["sensitivity"]["average_bits"] <= 4.5
    assert len(report["sensitivity"]["layers"]) == 28
    assert 0 < len(read_recipe(out / "report.json").protected) < 14
    assert 0 < report["rows"][1]["agreement"]["same_answer"]["value"] <= 1
    [pair] = done.json["pairs"]
    assert (pair["artifact"], pair["less"]) == ("tiny-onnx", "round-to-nearest 4 bit, group 128")
    rounded = rows["round-to-nearest 4 bit, group 128"]
    assert pair["kld"][0] == pytest.approx(row["kld"]["mean"] - rounded["kld"]["mean"])
    assert pair["same_answers"][0] == pytest.approx(row["same_answers"] - rounded["same_answers"])
    records = {path.name: path.stat().st_mtime_ns for path in (out / "records").iterdir()}
    again = run_medmo(*arguments(artifact, out, "--no-noise-floor", "--sort", "kld"))
    assert again.code == 0, again.err
    assert "Use tiny-onnx" in again.out.replace("\n", " ")
    assert {path.name: path.stat().st_mtime_ns for path in (out / "records").iterdir()} == records


def figures(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((out / "report.json").read_text())["rows"]
    return [{key: row[key] for key in ("name", "tokens", "boxes", "accuracies", "texts", "verdict")} for row in rows]


def test_a_killed_comparison_goes_on_where_it_was_and_gives_the_same_figures(artifact: Path, tmp_path: Path) -> None:
    options = ("--no-noise-floor", "--control", "none")
    assert run_medmo(*arguments(artifact, tmp_path / "whole", *options)).code == 0
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "medmo_cli", *arguments(artifact, out, *options)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        files = list((out / "records").glob("*.jsonl")) if out.exists() else []
        if files and files[0].read_bytes().count(b'"sample"') >= 3:
            break
        time.sleep(0.02)
    else:
        pytest.fail("no record was written")
    # The worker has a session of its own: both die at once, as when the machine loses its power.
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    process.kill()
    process.wait()
    assert not (out / "report.json").exists()
    done = run_medmo(*arguments(artifact, out, *options))
    assert done.code == 0, done.err
    assert figures(out) == figures(tmp_path / "whole")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--data": "phantoms:count=x"}, "phantoms"),
        ({"--data": "nowhere.jsonl"}, "nowhere.jsonl"),
        ({"--reference": "no-such-model"}, "no-such-model"),
        ({"--control": "round-to-nearest:bits=5"}, "bits"),
        ({"--sort": "beauty"}, "--sort"),
        ({"--mode": "strict"}, "--mode"),
        ({"--out": "a file"}, "--out"),
    ],
)
def test_bad_input_is_one_sentence(artifact: Path, tmp_path: Path, changed: dict[str, str], said: str) -> None:
    (tmp_path / "file").write_text("here")
    chosen = {"--reference": "medmo-tiny", "--data": DATA, "--out": str(tmp_path / "out"), **changed}
    if chosen["--out"] == "a file":
        chosen["--out"] = str(tmp_path / "file")
    done = run_medmo("compare", str(artifact), *(part for option in chosen.items() for part in option))
    assert done.code == 2
    assert said in done.sentence()
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_quantized_reference_is_refused(artifact: Path, tmp_path: Path) -> None:
    options = ("--reference", str(artifact), "--data", DATA, "--out", str(tmp_path / "out"))
    done = run_medmo("compare", str(artifact), *options)
    assert done.code == 2
    assert "quantized" in done.sentence()


def test_an_artifact_of_another_model_is_refused(artifact: Path, tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", "wide")
    options = ("--reference", str(other), "--data", DATA, "--out", str(tmp_path / "out"))
    done = run_medmo("compare", str(artifact), *options)
    assert done.code == 2
    assert "of another model" in done.sentence()
    assert not (tmp_path / "out").exists()


def test_an_unreadable_image_is_left_out_of_every_row_and_named(artifact: Path, tmp_path: Path) -> None:
    from PIL import Image

    from medmo_models.phantoms import make_phantom

    Image.fromarray(make_phantom(7, 0).pixels).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    lines = [
        {
            "id": name,
            "image": f"{name}.png",
            "prompt": "Is there a nodule? Answer yes or no.",
            "answer": "no",
            "scoring": "closed",
        }
        for name in ("good", "bad", "missing")
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)))
    options = ["--data", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "out"), "--no-noise-floor"]
    done = run_medmo("compare", str(artifact), "--reference", "medmo-tiny", *options, "--control", "none", "--json")
    assert done.code == 0, done.err
    assert done.json["samples"] == 1
    assert [entry["id"] for entry in done.json["skipped"]] == ["missing", "bad"]
