"""``medmo doctor``: what this machine is, and which backends work on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_cli.self_tests import embedded_in_format, judge
from medmo_models.artifact import Artifact, open_model
from medmo_models.errors import CannotRunError, MedMOError
from medmo_models.library import find_model
from medmo_runtime.backends import BACKENDS
from medmo_runtime.backends.base import Backend
from medmo_runtime.candidates import Candidate, Search, examine
from medmo_runtime.choose import Choice, choose
from medmo_runtime.hardware import Machine, probe_machine
from medmo_runtime.hardware.torch_view import confirm_with_torch
from medmo_runtime.measurements import Measurement, MeasurementStore
from medmo_runtime.memory import readable_bytes
from medmo_runtime.proving import measure


@dataclass(frozen=True)
class BackendReport:
    """One row: ``correct``, ``fits`` and ``measured`` are None where the backend did not run."""

    name: str
    device: str
    artifact: str | None
    available: bool
    correct: bool | None
    fits: bool | None
    chosen: bool
    reason: str
    predicted_memory_bytes: int | None
    given_up: tuple[str, ...]
    measured: dict[str, Any] | None


@dataclass(frozen=True)
class _Row:
    """A candidate, or a backend for which there is none."""

    backend: Backend
    device: str
    candidate: Candidate | None
    note: str | None = None


def inspect_backends(search: Search, models: list[Artifact], again: bool) -> tuple[list[BackendReport], Choice | None]:
    """Examine every backend on every device, run those that are available, and choose."""
    rows = [row for backend in BACKENDS for row in _rows(backend, search, models, again)]
    rows = [_tested(row, search) for row in rows]
    candidates = [row.candidate for row in rows if row.candidate is not None]
    try:
        choice = choose(candidates) if candidates else None
    except CannotRunError:
        choice = None
    return [_report(row, choice) for row in rows], choice


def _rows(backend: Backend, search: Search, models: list[Artifact], again: bool) -> list[_Row]:
    rows = []
    for device in backend.devices(search.machine) or ("cpu",):
        available = backend.availability(search.machine, device)
        if not available.available:
            rows.append(_Row(backend, device, None, available.reason))
            continue
        # Named here, so that a provider that nobody has tested may be: that is what the doctor is for.
        allowed = replace(search, device=device, measurements=None if again else search.measurements)
        try:
            chosen = models or [embedded_in_format(backend.methods[0])]
        except MedMOError as error:
            rows.append(_Row(backend, device, None, f"not tested: no embedded model in its format ({error})"))
            continue
        rows += [
            _Row(backend, device, examine(artifact, backend, device, allowed))
            for artifact in chosen
            if artifact.manifest.method in backend.methods
        ]
    return rows


def _tested(row: _Row, search: Search) -> _Row:
    candidate = row.candidate
    if candidate is None or candidate.plan is None or candidate.measured is not None:
        return row
    messages.print(f"testing {candidate.title}", markup=False)
    made = measure(candidate, search, judge)
    problem = f"it computes wrongly on this machine: {made.reason}" if made.correct is False else None
    return replace(row, candidate=replace(candidate, measured=made, problem=problem))


def _report(row: _Row, choice: Choice | None) -> BackendReport:
    candidate = row.candidate
    if candidate is None:
        installed = row.note is not None and row.note.startswith("not tested")
        return BackendReport(
            row.backend.name, row.device, None, installed, None, None, False, row.note or "", None, (), None
        )
    made = candidate.measured
    plan = candidate.plan or min(candidate.tried, key=lambda one: one.total, default=None)
    reason = candidate.problem or (made.reason if made is not None else "not tested")
    return BackendReport(
        name=row.backend.name,
        device=row.device,
        artifact=candidate.artifact.path.name,
        available=True,
        correct=None if made is None else made.correct,
        fits=candidate.plan is not None if candidate.tried else None,
        chosen=choice is not None and choice.chosen is candidate,
        reason=reason,
        predicted_memory_bytes=None if plan is None else plan.total,
        given_up=() if plan is None else plan.given_up,
        measured=None if made is None else _figures(made),
    )


def _figures(made: Measurement) -> dict[str, Any]:
    return {name: value for name, value in asdict(made).items() if name not in ("correct", "reason")}


def _table(reports: list[BackendReport]) -> Table:
    """Return a table that fits 80 columns."""
    table = Table(box=None, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for title in ("", "backend", "available", "correct", "fits"):
        table.add_column(title, no_wrap=True)
    for title in ("needs", "peak", "load", "prefill", "decode"):
        table.add_column(title, no_wrap=True, justify="right")
    words = {None: "-", True: "yes", False: "NO"}
    for report in reports:
        measured = report.measured or {}
        table.add_row(
            "->" if report.chosen else "",
            f"{report.name}/{report.device}",
            words[report.available],
            words[report.correct],
            words[report.fits],
            _bytes(report.predicted_memory_bytes),
            _bytes(measured.get("peak_memory_bytes")),
            "-" if not measured else f"{measured['load_s']:.1f} s",
            _speed(measured.get("prefill_tokens_per_s")),
            _speed(measured.get("decode_tokens_per_s")),
        )
    return table


def _bytes(count: int | None) -> str:
    return "-" if not count else readable_bytes(count)


def _speed(tokens_per_s: float | None) -> str:
    return "-" if tokens_per_s is None else f"{tokens_per_s:.0f}"


def describe(machine: Machine) -> list[str]:
    """Return the machine in lines for people."""
    processor, memory = machine.processor, machine.memory
    limit = "" if memory.limit_bytes is None else f" (control group limit {readable_bytes(memory.limit_bytes)})"
    lines = [
        f"{machine.system} {machine.architecture}; {processor.name}, {processor.cores} cores, "
        f"{', '.join(processor.instruction_sets) or 'no vector instructions known'}",
        f"{readable_bytes(memory.free_bytes)} of {readable_bytes(memory.total_bytes)} memory free{limit}",
    ]
    for gpu in machine.accelerators:
        facts = [gpu.name]
        if gpu.compute_capability is not None:
            facts.append(f"compute capability {gpu.compute_capability[0]}.{gpu.compute_capability[1]}")
        if gpu.free_bytes is not None and gpu.total_bytes is not None:
            facts.append(f"{readable_bytes(gpu.free_bytes)} of {readable_bytes(gpu.total_bytes)} free")
        if gpu.driver is not None:
            facts.append(f"driver {gpu.driver}")
        facts.append(gpu.problem or (f"torch calls it {gpu.device}" if gpu.device else "torch is not installed"))
        lines.append(", ".join(facts))
    if not machine.accelerators:
        lines.append("no GPU found")
    return lines + [f"no answer from {source}" for source in machine.unanswered]


def command(
    models: Annotated[
        list[str] | None, typer.Argument(help="Models to examine instead of the embedded one: folders or names.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Repeat self-tests that were remembered.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Describe this machine and run every backend's self-test."""
    with errors_as_sentences():
        machine = confirm_with_torch(probe_machine())
        if not json:
            for line in describe(machine):
                results.print(line, markup=False)
        opened = [open_model(Path(find_model(name))) for name in models or []]
        reports, choice = inspect_backends(Search(machine, measurements=MeasurementStore()), opened, again)
        if json:
            chosen = None if choice is None else {"title": choice.chosen.title, "reason": choice.reason}
            rows = [asdict(report) for report in reports]
            print_json({"machine": machine.to_json(), "backends": rows, "chosen": chosen})
            return
        results.print(_table(reports))
        for report in reports:
            results.print(_explained(report), markup=False)
        if choice is not None:
            results.print(f"chosen: {choice.chosen.title}: {choice.reason}", markup=False)
        else:
            results.print("chosen: nothing; no backend can run here", markup=False)
        what = "the embedded model" if not opened else "the models given"
        results.print(
            f"needs: predicted for the largest image and 512 tokens. peak, load, prefill and decode (tokens/s): "
            f"measured on {what} with a small image; the peak is of the whole self-test, its reference included."
        )


def _explained(report: BackendReport) -> str:
    where = f"{report.name}/{report.device}" + (f" with {report.artifact}" if report.artifact is not None else "")
    return f"  {where}: {'; '.join((report.reason, *(f'to fit, {text}' for text in report.given_up)))}"
