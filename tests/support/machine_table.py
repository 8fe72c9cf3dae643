"""Writes ``docs/machines.md`` from the described machines: ``PYTHONPATH=tests python -m support.machine_table``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from medmo_runtime.candidates import Candidate
from medmo_runtime.choose import Choice
from medmo_runtime.hardware import Machine
from medmo_runtime.memory import readable_bytes
from support.described_machines import SPECS, DescribedMachine, choose_on, described_machines, write_artifacts

DOCUMENT = Path(__file__).parents[2] / "docs" / "machines.md"
_INTRODUCTION = """\
# What runs where

What MedMO Edge chooses on machines of many kinds, for one image of 1280 x 1280 pixels and an answer of 512 tokens,
when a model is there as GPTQ, bitsandbytes nf4, ONNX (4 bits) and in full precision.

**These machines are described, not recorded: none of them was run.** Each fact is named with the vendor's page on which
it is to be looked up; only the two tables of compute capabilities were read again when this was written, so check the
others before you rely on them. What no page states (how much memory is free, drivers, installed packages) is marked as
assumed. Models are described by the true sizes of their tensors. Nothing was measured on these machines either, so the
choice is the one before the first self-test; where several backends of one kind can run, the fastest measured one
replaces it.

This file is generated from `tests/runtime/hardware/machines/` by `PYTHONPATH=tests python -m support.machine_table`;
a test holds it in step and holds every choice to the expected one.
"""


def render() -> str:
    """Return the document."""
    with tempfile.TemporaryDirectory() as folder:
        artifacts = write_artifacts(Path(folder) / "models")
        choices = [
            (described, {name: choose_on(described.machine, formats) for name, formats in artifacts.items()})
            for described in described_machines()
        ]
    head = "| machine | model | runs | needs | gives up to fit | because |"
    lines = [_INTRODUCTION, head, "|---|---|---|---|---|---|"]
    for described, made in choices:
        lines += [_row(described, spec.id, spec.title, made[spec.id]) for spec in SPECS]
    for described, made in choices:
        lines += ["", f"## {described.title}", "", *_facts(described.machine), ""]
        for spec in SPECS:
            lines += [f"Not chosen for {spec.title}:", "", *_others(made[spec.id]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _row(described: DescribedMachine, model: str, title: str, made: Choice | tuple[Candidate, ...]) -> str:
    because = described.expected[model]["because"]
    if not isinstance(made, Choice) or made.chosen.plan is None:
        return f"| {described.title} | {title} | nothing | | | {because} |"
    plan = made.chosen.plan
    given_up = "; ".join(plan.given_up) or "nothing"
    runs = f"`{made.chosen.title}`"
    return f"| {described.title} | {title} | {runs} | {readable_bytes(plan.total)} | {given_up} | {because} |"


def _facts(machine: Machine) -> Iterator[str]:
    yield "| fact | value | from |"
    yield "|---|---|---|"
    processor, memory = machine.processor, machine.memory
    yield f"| system | {machine.system} {machine.architecture} | assumed |"
    yield f"| processor | {processor.name} | {processor.sources['name']} |"
    yield f"| logical processors | {processor.cores} | {processor.sources['cores']} |"
    sets = ", ".join(processor.instruction_sets)
    yield f"| instruction sets | {sets} | {processor.sources['instruction_sets']} |"
    yield f"| memory | {readable_bytes(memory.total_bytes)} | {memory.sources['total_bytes']} |"
    if memory.limit_bytes is not None:
        yield f"| memory limit | {readable_bytes(memory.limit_bytes)} | {memory.sources['limit_bytes']} |"
    yield f"| memory that is free | {readable_bytes(memory.free_bytes)} | {memory.sources['free_bytes']} |"
    for one in machine.accelerators:
        yield f"| GPU | {one.name} | {one.sources['name']} |"
        if one.total_bytes is not None:
            yield f"| its memory | {readable_bytes(one.total_bytes)} | {one.sources['total_bytes']} |"
        if one.free_bytes is not None:
            yield f"| of it free | {readable_bytes(one.free_bytes)} | {one.sources['free_bytes']} |"
        if one.shares_host_memory:
            yield f"| its memory | shared with the processor | {one.sources['shares_host_memory']} |"
        if one.compute_capability is not None:
            capability = ".".join(map(str, one.compute_capability))
            yield f"| compute capability | {capability} | {one.sources['compute_capability']} |"
        if one.driver is not None:
            yield f"| driver | {one.driver} | {one.sources['driver']} |"
        yield f"| torch's name for it | {one.device or f'none: {one.problem}'} | worked out as the probe does it |"
    yield f"| packages | {', '.join(machine.libraries.packages)} | {machine.libraries.sources['packages']} |"


def _others(made: Choice | tuple[Candidate, ...]) -> Iterator[str]:
    candidates = made.candidates[1:] if isinstance(made, Choice) else made
    for one in candidates:
        if one.problem is not None:
            yield f"- {one.title}: {one.problem}."
        elif one.plan is not None:
            given_up = f"; {'; '.join(one.plan.given_up)}" if one.plan.given_up else ""
            yield f"- {one.title}: could run, in {readable_bytes(one.plan.total)}{given_up}."


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
