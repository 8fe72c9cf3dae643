from __future__ import annotations

from pathlib import Path

from medmo_models.library import embedded_model_path
from support.command import run_medmo


def test_list_shows_the_embedded_model_and_the_specs() -> None:
    done = run_medmo("models", "list", "--json")
    assert done.code == 0
    assert [entry["name"] for entry in done.json["installed"]] == ["medmo-tiny"]
    assert {spec["id"] for spec in done.json["specs"]} == {"medmo-4b", "medmo-8b", "medmo-tiny"}
    assert "medmo-tiny" in run_medmo("models", "list").out


def test_the_embedded_model_is_whole() -> None:
    done = run_medmo("models", "verify", "medmo-tiny", "--json")
    assert done.code == 0, done.err
    assert done.json == {"path": str(embedded_model_path()), "ok": True, "problems": []}


def test_an_import_can_be_asked_by_name(phantom_png: Path) -> None:
    imported = run_medmo("models", "import", str(embedded_model_path()), "--name", "mine", "--json")
    assert imported.code == 0, imported.err
    assert Path(imported.json["path"]).name == "mine"
    info = run_medmo("models", "info", "mine", "--json")
    assert info.json["id"] == imported.json["id"]
    asked = run_medmo("ask", str(phantom_png), "--task", "vqa", "--artifact", "mine", "--json")
    assert asked.json["artifact"]["id"] == imported.json["id"]


def usual_seconds(measured: dict[str, float]) -> float:
    """An image of 1024 x 1024 with a question, and some sentences: by this the fastest backend is found."""
    return 1100 / measured["prefill_tokens_per_s"] + 128 / measured["decode_tokens_per_s"]


def test_doctor_runs_every_backend_and_finds_it_correct() -> None:
    done = run_medmo("doctor", "--json")
    assert done.code == 0, done.err
    machine = done.json["machine"]
    assert machine["processor"]["cores"] >= 1
    assert machine["memory"]["sources"]["free_bytes"]
    backends = {(row["name"], row["device"]): row for row in done.json["backends"]}
    for name in ("gptq", "onnx", "bnb", "reference"):
        row = backends[name, "cpu"]
        assert row["available"]
        assert row["correct"], row["reason"]
        assert row["predicted_memory_bytes"] > 0
        assert row["fits"]
        assert row["measured"]["decode_tokens_per_s"] > 0
    (chosen,) = [row for row in done.json["backends"] if row["chosen"]]
    measured = [row["measured"] for row in backends.values() if row["measured"]]
    assert usual_seconds(chosen["measured"]) == min(usual_seconds(each) for each in measured)
    remembered = run_medmo("doctor", "--json")
    assert "testing" not in remembered.err
    assert [row["measured"] for row in remembered.json["backends"]] == [
        row["measured"] for row in done.json["backends"]
    ]
