"""``medmo doctor``: what this machine is, and which backends work on it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from medmo_cli.export import run_with_progress
from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_export.pipeline import EXPORT_METHODS, ExportMethod, ExportRequest
from medmo_models import __version__
from medmo_models.artifact import Artifact, open_artifact, open_model
from medmo_models.directories import user_cache_directory
from medmo_models.errors import CannotRunError, MedMOError
from medmo_models.library import embedded_model_path
from medmo_runtime.backends import BACKENDS
from medmo_runtime.backends.torch_devices import accelerator_names
from medmo_runtime.choose import Candidate, examine
from medmo_runtime.machine import describe_machine
from medmo_runtime.memory import readable_bytes

_CONTEXT_TOKENS = 512


@dataclass(frozen=True)
class BackendReport:
    """One row: ``correct`` and ``measured`` are None where the backend did not run."""

    name: str
    device: str
    available: bool
    correct: bool | None
    reason: str
    predicted_memory_bytes: int | None
    measured: dict[str, Any] | None


def self_test_artifacts() -> dict[str, Artifact]:
    """Return the embedded model in every format by method, quantized on first use and kept in the cache folder."""
    embedded = open_model(embedded_model_path())
    folder = user_cache_directory() / "self-test" / f"{embedded.id[:16]}-{__version__}"
    artifacts: dict[str, Artifact] = {embedded.manifest.method: embedded}
    for method in EXPORT_METHODS:
        destination = folder / method
        with contextlib.suppress(MedMOError):
            artifacts[method] = open_artifact(destination)
            continue
        source = artifacts["gptq"].path if method == "onnx-int4" else embedded.path
        artifacts[method] = _make(method, source, destination)
    return artifacts


def _make(method: ExportMethod, source: Path, destination: Path) -> Artifact:
    messages.print(f"quantizing the embedded model to {method} for the self-test (once)")
    destination.parent.mkdir(parents=True, exist_ok=True)
    request = ExportRequest(
        method=method, checkpoint=source, destination=destination, calibration_samples=8, overwrite=True
    )
    return run_with_progress(request)


def inspect_backends() -> list[BackendReport]:
    """Examine every backend on every device, and run those that are available."""
    reports: list[BackendReport] = []
    for backend in BACKENDS:
        for device in backend.devices() or ("cpu",):
            available = backend.availability(device)
            if not available.available:
                reports.append(BackendReport(backend.name, device, False, None, available.reason, None, None))
                continue
            try:
                artifacts = self_test_artifacts()
            except CannotRunError as error:
                reason = f"not tested: there is no embedded model in its format ({error})"
                reports.append(BackendReport(backend.name, device, True, None, reason, None, None))
                continue
            artifact = next(artifacts[method] for method in backend.methods if method in artifacts)
            reports.append(_run(examine(artifact, backend, device, _CONTEXT_TOKENS)))
    return reports


def _run(candidate: Candidate) -> BackendReport:
    from medmo_runtime.self_test import run_self_test

    predicted = None if candidate.memory is None else candidate.memory.total
    try:
        test = run_self_test(candidate)
    except MedMOError as error:
        return BackendReport(candidate.backend.name, candidate.device, True, False, str(error), predicted, None)
    measured = {key: value for key, value in asdict(test).items() if key not in ("correct", "reason")}
    return BackendReport(candidate.backend.name, candidate.device, True, test.correct, test.reason, predicted, measured)


def _table(reports: list[BackendReport]) -> Table:
    table = Table("backend", "device", "available", "correct", "memory", "tokens/s", "why")
    for report in reports:
        speed = (report.measured or {}).get("decode_tokens_per_s")
        table.add_row(
            report.name,
            report.device,
            "yes" if report.available else "no",
            {None: "-", True: "yes", False: "NO"}[report.correct],
            "-" if report.predicted_memory_bytes is None else readable_bytes(report.predicted_memory_bytes),
            "-" if speed is None else f"{speed:.0f}",
            escape(report.reason),
        )
    return table


def command(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Describe this machine and run every backend's self-test on the embedded model."""
    with errors_as_sentences():
        machine = describe_machine(accelerator_names())
        reports = inspect_backends()
        if json:
            print_json({"machine": asdict(machine), "backends": [asdict(report) for report in reports]})
            return
        accelerators = ", ".join(machine.accelerators) or "no accelerator that torch can use"
        results.print(
            f"{machine.system}; {machine.processor}, {machine.cores} cores"
            f"{', bfloat16' if machine.bfloat16 else ''}; {readable_bytes(machine.free_memory_bytes)} of "
            f"{readable_bytes(machine.memory_bytes)} memory free; {accelerators}",
            markup=False,
        )
        results.print(_table(reports))
        results.print("Memory is predicted, and speed measured, on the embedded model.")
