"""Described machines: what is chosen on each is what is expected, and the document says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from medmo_models.artifact import Artifact
from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.specs import MEDMO_8B
from medmo_runtime.choose import Choice
from support.described_artifacts import described_artifact
from support.described_machines import FOLDER, DescribedMachine, choose_on, described_machines, write_artifacts
from support.machine_table import DOCUMENT, render


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Artifact]]:
    return write_artifacts(tmp_path_factory.mktemp("described") / "models")


@pytest.mark.parametrize("model", ["medmo-4b", "medmo-8b"])
@pytest.mark.parametrize("described", described_machines(), ids=[path.stem for path in sorted(FOLDER.glob("*.json"))])
def test_the_expected_choice_comes_out(
    described: DescribedMachine, model: str, artifacts: dict[str, list[Artifact]]
) -> None:
    expected = described.expected[model]
    choice = choose_on(described.machine, artifacts[model])
    assert isinstance(choice, Choice), [candidate.problem for candidate in choice]
    assert choice.chosen.title == expected["runs"]
    assert choice.chosen.plan is not None
    assert list(choice.chosen.plan.given_up) == expected["given_up"]
    free = described.machine.free_bytes(choice.chosen.device)
    assert free is not None
    assert choice.chosen.plan.total <= free


def test_every_fact_has_a_source_or_is_marked_as_assumed() -> None:
    for described in described_machines():
        machine = described.machine
        for part in (machine.processor, machine.memory, *machine.accelerators):
            known = {name for name, value in vars(part).items() if value not in (None, (), False)}
            unsourced = known - {"sources", "vendor", "device", "problem"} - set(part.sources)
            assert not unsourced, (described.title, unsourced)
        assert machine.libraries.sources["packages"].startswith("assumed")


def test_a_described_artifact_has_the_size_of_a_true_one(tmp_path: Path) -> None:
    artifact = described_artifact(tmp_path / "8b", MEDMO_8B, "bf16")
    headers = read_tensor_headers([tmp_path / "8b" / "model.safetensors"])
    # 8.77 thousand million parameters: the total that the page of Qwen3-VL-8B-Instruct states.
    assert sum(header.elements for header in headers.values()) == pytest.approx(8.77e9, rel=0.01)
    assert artifact.weight_bytes == (tmp_path / "8b" / "model.safetensors").stat().st_size


def test_the_document_is_in_step() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), "run: PYTHONPATH=tests python -m support.machine_table"
