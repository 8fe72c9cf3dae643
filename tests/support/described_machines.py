"""Machines described from their vendors' pages, and what is chosen on them for MedMO-4B and 8B."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from medmo_models.artifact import Artifact, Method
from medmo_models.specs import MEDMO_4B, MEDMO_8B
from medmo_runtime.candidates import Candidate, Search, find_candidates
from medmo_runtime.choose import Choice, NothingFitsError, choose
from medmo_runtime.hardware import Machine
from medmo_runtime.hardware.facts import read_machine
from medmo_runtime.hardware.nvidia import name_cuda_devices
from medmo_runtime.hardware.other_gpus import name_torch_devices
from support.described_artifacts import described_artifact

FOLDER = Path(__file__).parents[1] / "runtime" / "hardware" / "machines"
SPECS = (MEDMO_4B, MEDMO_8B)
#: What a person has who exported everything.
METHODS: tuple[Method, ...] = ("gptq", "bnb-nf4", "onnx-int4", "bf16")


@dataclass(frozen=True)
class DescribedMachine:
    """A described machine: ``expected`` has for each model's id what is chosen, and what is given up for it."""

    title: str
    machine: Machine
    expected: Mapping[str, Mapping[str, Any]]


@cache
def described_machines() -> tuple[DescribedMachine, ...]:
    """Read all descriptions; which GPUs torch can use is worked out as the probe does it."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.json")))


def _read(path: Path) -> DescribedMachine:
    values = json.loads(path.read_text(encoding="utf-8"))
    machine = read_machine(values)
    nvidia = [one for one in machine.accelerators if one.vendor == "nvidia"]
    others = [one for one in machine.accelerators if one.vendor != "nvidia"]
    libraries = machine.libraries
    named = (*name_cuda_devices(nvidia, libraries), *name_torch_devices(others, libraries))
    return DescribedMachine(values["title"], replace(machine, accelerators=named), values["expected"])


def write_artifacts(folder: Path) -> dict[str, list[Artifact]]:
    """Describe every model in every format below ``folder``; by the models' ids."""
    return {
        spec.id: [described_artifact(folder / f"{spec.id}-{method}", spec, method) for method in METHODS]
        for spec in SPECS
    }


def choose_on(machine: Machine, artifacts: list[Artifact]) -> Choice | tuple[Candidate, ...]:
    """Return the choice for one 1280 x 1280 image and 512 tokens, or the candidates of which none can run."""
    try:
        return choose(find_candidates(artifacts, Search(machine)))
    except NothingFitsError as error:
        return error.candidates
