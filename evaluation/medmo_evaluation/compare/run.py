"""Runs a comparison: the reference first, then every other model, each in a process of its own; then the figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from medmo_evaluation.compare.records_file import RecordsFile
from medmo_evaluation.compare.request import CompareRequest, ModelPlan, reference_dtype
from medmo_evaluation.compare.summarize import ModelAnswers, summarize
from medmo_evaluation.compare.summary import METRICS_VERSION, Comparison
from medmo_evaluation.compare.worker import Job, run_in_process
from medmo_evaluation.datasets import Dataset, open_dataset
from medmo_models.artifact import Artifact, open_model
from medmo_models.errors import InputError

_FULL_PRECISION = ("bf16", "fp16", "fp32")
#: Called with the model's name, samples done and their number.
CompareProgress = Callable[[str, int, int], None]


def run_comparison(request: CompareRequest, command: str, progress: CompareProgress) -> Comparison:
    """Run what is not yet recorded and return the figures.

    Parameters
    ----------
    request : CompareRequest
    command : str
        The command line, for the report.
    progress : callable

    Raises
    ------
    InputError
        If the data or an artifact is wrong, or an artifact is of another model than the reference.
    CannotRunError
        If a model cannot run here; what was answered before is kept.
    """
    reference = open_model(request.reference)
    if reference.manifest.method not in _FULL_PRECISION:
        raise InputError(f"--reference {request.reference} is quantized; give the full-precision checkpoint.")
    opened = [_same_model(path, reference) for path in request.artifacts]
    dataset = open_dataset(request.data)
    count = min(len(dataset), request.limit or len(dataset))
    _make_folder(request.out)
    ids = {dataset[index].id for index in range(count)}
    plans = plan_models(request, reference, opened)
    files = [_records(request, plan, dataset) for plan in plans]
    for plan, file in zip(plans, files, strict=True):
        job = Job(
            plan=plan,
            data=request.data,
            count=count,
            identity=identity(request, plan, dataset),
            records=str(request.out / "records"),
            store=str(request.out / "reference"),
            cache_bytes=request.cache_bytes,
            max_new_tokens=request.max_new_tokens,
            reference_records=None if plan.kind == "reference" else str(files[0].path),
        )
        if not _is_complete(file, ids, files[0]):
            run_in_process(job, lambda done, total, name=plan.name: progress(name, done, total))  # type: ignore[misc]
    answers = [ModelAnswers(plan, open_model(plan.path), file.open()) for plan, file in zip(plans, files, strict=True)]
    return summarize(request, command, dataset, count, answers)


def plan_models(request: CompareRequest, reference: Artifact, artifacts: list[Artifact]) -> list[ModelPlan]:
    """Return every model of the comparison, the reference first."""
    names = _names(request.artifacts)
    own = ModelPlan(
        name="reference",
        kind="reference",
        path=request.reference,
        backend="reference",
        device=request.device,
        dtype=reference_dtype(request, reference),
    )
    plans = [own]
    if request.noise_floor:
        other = "bfloat16" if own.dtype == "float32" else "float32"
        plans.append(replace(own, name=f"reference in {other}", kind="noise", dtype=other))
    plans += [
        ModelPlan(name=name, kind="artifact", path=path, backend=request.backend, device=request.device)
        for name, path, _ in zip(names, request.artifacts, artifacts, strict=True)
    ]
    plans += [replace(own, name=control.name, kind="control", control=control) for control in request.controls]
    return plans


def identity(request: CompareRequest, plan: ModelPlan, dataset: Dataset) -> dict[str, Any]:
    """Return what the records of a model depend on."""
    control = plan.control
    return {
        "artifact": open_model(plan.path).id,
        "reference": open_model(request.reference).id,
        "kind": plan.kind,
        "control": None if control is None else [control.bits, control.group_size],
        "backend": plan.backend,
        "device": plan.device,
        "dtype": plan.dtype,
        "dataset": dataset.sha256,
        "max_new_tokens": request.max_new_tokens,
        "cache_bytes": request.cache_bytes,
        "metrics_version": METRICS_VERSION,
    }


def _records(request: CompareRequest, plan: ModelPlan, dataset: Dataset) -> RecordsFile:
    return RecordsFile(request.out / "records", identity(request, plan, dataset))


def _is_complete(file: RecordsFile, ids: set[str], reference: RecordsFile) -> bool:
    if not file.path.exists():
        return False
    stored, usable = file.open(), reference.open()
    return ids - set(usable.skipped) <= set(stored.records) | set(stored.skipped)


def _same_model(path: Path, reference: Artifact) -> Artifact:
    artifact = open_model(path)
    if artifact.spec.architecture != reference.spec.architecture:
        raise InputError(f"{path} is of another model ({artifact.spec.id}) than the reference ({reference.spec.id}).")
    ours, theirs = (model.manifest.files.get("tokenizer.json") for model in (artifact, reference))
    if ours is not None and theirs is not None and ours.sha256 != theirs.sha256:
        raise InputError(f"{path} has another tokenizer than the reference; compare exports of the same checkpoint.")
    return artifact


def _names(paths: tuple[Path, ...]) -> list[str]:
    """Name each artifact by its folder, with a number where two are alike."""
    names: list[str] = []
    for path in paths:
        base = path.resolve().name
        names.append(base if base not in names else f"{base} ({sum(n.startswith(base) for n in names) + 1})")
    return names


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be made: {error.strerror}.") from error
