"""Verdicts on described machines: what fits, what is given up, what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medmo_desktop.machine.hardware import describe_machine
from medmo_desktop.machine.models import ModelRow, describe_models, fit_words
from medmo_models.errors import CancelledError
from medmo_models.library import EMBEDDED_NAME
from medmo_runtime.hardware import Machine
from medmo_runtime.hardware.facts import read_machine
from support.model_files import make_artifact


def machine(free_bytes: int, packages: dict[str, str] | None = None, **more: Any) -> Machine:
    return read_machine(
        {
            "system": "Linux",
            "architecture": "x86_64",
            "processor": {"name": "a processor", "cores": 4, "instruction_sets": ["AVX2"]},
            "memory": {"total_bytes": 8 * 10**9, "free_bytes": free_bytes},
            "libraries": {"packages": {"torch": "2.14", "accelerate": "1"} if packages is None else packages},
            **more,
        }
    )


def embedded(rows: tuple[ModelRow, ...]) -> ModelRow:
    return next(row for row in rows if row.model.name == EMBEDDED_NAME)


def test_the_embedded_model_fits_a_usual_machine_and_says_on_what() -> None:
    row = embedded(describe_models(machine(8 * 10**9)))
    assert row.embedded
    assert row.fit.verdict == "fits"
    assert row.fit.title == "bf16 on reference/cpu"
    assert row.fit.missing_bytes == 0
    assert fit_words(row.fit).endswith("of 8.0 GB free")
    assert not row.can_be_forced


def test_what_is_missing_is_counted_and_the_user_may_insist() -> None:
    row = embedded(describe_models(machine(100 * 10**6)))
    assert row.fit.verdict == "too-large"
    assert row.fit.needs_bytes is not None
    assert row.fit.missing_bytes == row.fit.needs_bytes - 100 * 10**6 > 0
    assert "missing" in fit_words(row.fit)
    assert row.can_be_forced


def test_a_little_less_memory_costs_image_size_and_says_so() -> None:
    large = 1280**2
    full = embedded(describe_models(machine(8 * 10**9), max_pixels=large)).fit.needs_bytes
    assert full is not None
    row = embedded(describe_models(machine(full - 10**6), max_pixels=large))
    assert row.fit.verdict == "tight"
    assert any("shrunk" in text for text in row.fit.given_up)
    assert embedded(describe_models(machine(full - 10**6), max_pixels=512**2)).fit.verdict == "fits"


def test_without_torch_the_reason_names_what_is_missing() -> None:
    row = embedded(describe_models(machine(8 * 10**9, packages={})))
    assert row.fit.verdict == "cannot-run"
    assert "torch" in row.fit.reason
    assert not row.can_be_forced


def test_a_broken_model_is_listed_with_its_problem(private_folders: Path) -> None:
    made = make_artifact(private_folders / "models" / "mine")
    (made.path / "manifest.json").write_text("{")
    rows = describe_models(machine(8 * 10**9))
    (broken,) = [row for row in rows if row.model.name == "mine"]
    assert broken.fit.verdict == "broken"
    assert "manifest.json" in broken.fit.reason


def test_looking_at_models_can_be_cancelled() -> None:
    def cancel() -> None:
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        describe_models(machine(8 * 10**9), check=cancel)


def test_every_fact_of_a_machine_has_a_source() -> None:
    gpu = {
        "vendor": "nvidia",
        "name": "a GPU",
        "device": "cuda:0",
        "total_bytes": 4 * 10**9,
        "free_bytes": 3 * 10**9,
        "compute_capability": [8, 6],
        "driver": "555.1",
        "sources": {"name": "NVML"},
    }
    facts = describe_machine(machine(10**9, accelerators=[gpu], unanswered=["NVML: no answer"]))
    assert all(fact.source for fact in facts)
    assert ("a GPU", "compute capability", "8.6", "NVML") in {(f.part, f.name, f.value, f.source) for f in facts}
    assert ("a GPU", "free memory", "3.0 GB") in {(f.part, f.name, f.value) for f in facts}
    assert any(fact.value == "NVML: no answer" for fact in facts)
