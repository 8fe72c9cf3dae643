"""``medmo doctor``: the whole table, refusals with their figure, and that tests are remembered and can be repeated."""

from __future__ import annotations

from typing import Any

import pytest

from medmo_cli import doctor
from medmo_models.artifact import Artifact
from medmo_runtime.candidates import Candidate
from medmo_runtime.hardware import Accelerator, probe
from medmo_runtime.measurements import Measurement, measurement_key
from support.command import run_medmo

RIGHT = Measurement(True, "next-token probabilities differ by 0.0011 on average", 0.1, 100.0, 20.0, 10**9)
WRONG = Measurement(False, "next-token probabilities differ by 0.4100 on average", 0.1, 900.0, 900.0, 10**9)


@pytest.fixture
def tested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Self-tests that say what the test wants, remembered as true ones are; returns what was tested."""
    asked: list[str] = []

    def measure(candidate: Candidate, search: Any, _judge: Any) -> Measurement:
        asked.append(candidate.title)
        made = WRONG if candidate.backend.name == "onnx" else RIGHT
        key = measurement_key(
            search.machine, candidate.artifact.id, candidate.backend.name, candidate.device, candidate.dtype
        )
        search.measurements.write(key, made)
        return made

    monkeypatch.setattr(doctor, "measure", measure)
    return asked


@pytest.fixture
def only_onnx_and_reference(monkeypatch: pytest.MonkeyPatch, tiny_onnx: Artifact) -> None:
    """The embedded model in two formats, without quantizing it first."""
    monkeypatch.setattr(doctor, "BACKENDS", [one for one in doctor.BACKENDS if one.name in ("onnx", "reference")])
    formats = {"onnx-int4": tiny_onnx}
    embedded = doctor.embedded_in_format
    monkeypatch.setattr(doctor, "embedded_in_format", lambda method: formats.get(method) or embedded(method))


@pytest.mark.usefixtures("only_onnx_and_reference")
def test_one_that_computes_wrongly_is_refused_with_its_figure_although_it_is_the_fastest(tested: list[str]) -> None:
    done = run_medmo("doctor", "--json")
    rows = {(row["name"], row["device"]): row for row in done.json["backends"]}
    wrong = rows["onnx", "cpu"]
    assert (wrong["correct"], wrong["chosen"]) == (False, False)
    assert "it computes wrongly on this machine: next-token probabilities differ by 0.4100" in wrong["reason"]
    assert rows["reference", "cpu"]["chosen"]
    assert "not onnx-int4 on onnx/cpu: it computes wrongly" in done.json["chosen"]["reason"]
    assert tested == ["onnx-int4 on onnx/cpu", "bf16 on reference/cpu"]


@pytest.mark.usefixtures("only_onnx_and_reference")
def test_results_are_kept_refusals_too_and_again_repeats_them(tested: list[str]) -> None:
    run_medmo("doctor", "--json")
    tested.clear()
    kept = run_medmo("doctor", "--json")
    assert tested == []
    assert [row["correct"] for row in kept.json["backends"] if row["available"]] == [False, True]
    run_medmo("doctor", "--json", "--again")
    assert tested == ["onnx-int4 on onnx/cpu", "bf16 on reference/cpu"]


@pytest.mark.usefixtures("only_onnx_and_reference", "tested")
def test_another_driver_makes_it_test_again(monkeypatch: pytest.MonkeyPatch, tested: list[str]) -> None:
    def with_driver(driver: str) -> None:
        gpu = Accelerator(vendor="nvidia", name="GPU", driver=driver, compute_capability=(5, 0))
        monkeypatch.setattr(probe, "list_nvidia", lambda: (gpu,))

    with_driver("580.1")
    run_medmo("doctor", "--json")
    tested.clear()
    with_driver("590.2")
    done = run_medmo("doctor", "--json")
    # An ONNX Runtime that has NVIDIA's provider would run on this GPU too, which is tested as well.
    assert [one for one in tested if one.endswith("cpu")] == ["onnx-int4 on onnx/cpu", "bf16 on reference/cpu"]
    assert done.json["machine"]["accelerators"][0]["problem"].startswith("compute capability 5.0")


@pytest.mark.usefixtures("only_onnx_and_reference", "tested")
def test_the_table_fits_80_columns_and_marks_what_is_chosen() -> None:
    done = run_medmo("doctor")
    assert done.code == 0
    rows = [line for line in done.out.splitlines() if "/cpu" in line and not line.startswith(("  onnx", "  ref", "ch"))]
    assert len(rows) == 2
    assert all(len(line) <= 80 for line in rows)
    assert [line.startswith("->") for line in rows] == [False, True]
    assert "NO" in rows[0]
    assert "chosen: bf16 on reference/cpu" in done.out
