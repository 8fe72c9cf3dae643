"""From records to figures."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.compare.records import SampleRecord
from medmo_evaluation.compare.records_file import StoredRecords
from medmo_evaluation.compare.reference_store import ReferenceStore
from medmo_evaluation.compare.request import YARDSTICK, CompareRequest, ModelPlan
from medmo_evaluation.compare.summary import (
    METRICS_VERSION,
    Comparison,
    ComparisonRow,
    CostFigures,
    PairedDifference,
    TokenFigures,
)
from medmo_evaluation.compare.verdict import judge_comparison, judge_row
from medmo_evaluation.compare.weight_check import LayerError, layer_errors
from medmo_evaluation.compare.worst import worst_samples
from medmo_evaluation.datasets.box_checks import from_model_pixels
from medmo_evaluation.datasets.sample import Dataset, EvaluationSample
from medmo_evaluation.metrics.accuracy import ClosedAnswer, summarize_accuracy
from medmo_evaluation.metrics.agreement import (
    SampleAgreement,
    paired_differences,
    pairs_of,
    summarize_agreement,
)
from medmo_evaluation.metrics.box_summary import BoxAnswer, f1_difference, summarize_boxes
from medmo_evaluation.metrics.intervals import Interval
from medmo_evaluation.metrics.text_metrics import TextAnswer, normalize, summarize_texts
from medmo_evaluation.metrics.token_summary import summarize_tokens
from medmo_evaluation.scoring import Mode, is_correct
from medmo_models.artifact import Artifact
from medmo_runtime.hardware.host_memory import describe_memory
from medmo_runtime.hardware.processor import describe_processor

_TOOLS = ("medmo-edge", "torch", "transformers", "onnxruntime-gpu", "onnxruntime", "gptqmodel", "bitsandbytes", "numpy")
#: Marks of the parser that say that a part of an answer could not be read.
_FAILED_MARKS = {"malformed", "truncated"}


@dataclass(frozen=True)
class ModelAnswers:
    """One model with its records."""

    plan: ModelPlan
    artifact: Artifact
    stored: StoredRecords


@dataclass(frozen=True)
class _Scored:
    """A sample without its images, with the two answers to it."""

    sample: EvaluationSample
    record: SampleRecord
    reference: SampleRecord


def summarize(
    request: CompareRequest, command: str, dataset: Dataset, count: int, models: Sequence[ModelAnswers]
) -> Comparison:
    """Compute every figure of a comparison; the first of ``models`` is the reference."""
    samples = [_without_images(dataset[index]) for index in range(count)]
    reference = models[0].stored.records
    unusable = {key: reason for model in models for key, reason in model.stored.skipped.items()}
    # A sample that one model could not read counts for none: all rows have the same denominator.
    kept = [s for s in samples if s.id not in unusable and all(s.id in model.stored.records for model in models)]
    scored = [[_Scored(s, model.stored.records[s.id], reference[s.id]) for s in kept] for model in models]
    noise, yardstick = (_tokens_of(models, scored, request, wanted) for wanted in (_is_noise, _is_yardstick))
    rows = [
        _row(model, answers, request, noise, yardstick, _damaged(model, models[0]))
        for model, answers in zip(models, scored, strict=True)
    ]
    processor = describe_processor()
    return Comparison(
        metrics_version=METRICS_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        machine={
            "system": f"{platform.system()} {platform.machine()}",
            "processor": processor.name,
            "cores": str(processor.cores),
            "memory": f"{describe_memory().total_bytes / 1e9:.1f} GB",
        },
        tools={**_versions(), "python": platform.python_version()},
        seed=request.seed,
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        samples=len(kept),
        skipped=(*((s.id, s.reason) for s in dataset.skipped), *unusable.items()),
        reference_cache=ReferenceStore(request.out / "reference", count, request.cache_bytes).describe(),
        rows=tuple(rows),
        worst=worst_samples(
            dataset, [s.id for s in samples], [(m.plan, m.stored.records) for m in models], request.out / "pictures"
        ),
        verdict=judge_comparison(rows),
        notes=_notes(request, dataset, models, rows),
        pairs=_pairs(models, scored, request.seed),
    )


def _pairs(
    models: Sequence[ModelAnswers], scored: Sequence[Sequence[_Scored]], seed: int
) -> tuple[PairedDifference, ...]:
    names = {kind: [model.plan.name for model in models if model.plan.kind == kind] for kind in ("artifact", "control")}
    figures = {model.plan.name: _agreement(answers) for model, answers in zip(models, scored, strict=True)}
    return paired_differences(figures, pairs_of(names["artifact"], names["control"]), seed)


def _agreement(scored: Sequence[_Scored]) -> list[SampleAgreement]:
    return [
        SampleAgreement(
            s.record.text == s.reference.text,
            0.0 if s.record.tokens is None else sum(s.record.tokens.kld),
            0 if s.record.tokens is None else len(s.record.tokens.kld),
        )
        for s in scored
    ]


def _without_images(sample: EvaluationSample) -> EvaluationSample:
    from dataclasses import replace

    return replace(sample, images=())


def _is_noise(plan: ModelPlan) -> bool:
    return plan.kind == "noise"


def _is_yardstick(plan: ModelPlan) -> bool:
    return plan.control is not None and plan.control.bits == YARDSTICK.bits


def _tokens_of(
    models: Sequence[ModelAnswers],
    scored: Sequence[Sequence[_Scored]],
    request: CompareRequest,
    wanted: Callable[[ModelPlan], bool],
) -> TokenFigures | None:
    """Return the token figures of the first model that is wanted."""
    for model, answers in zip(models, scored, strict=True):
        if wanted(model.plan):
            return summarize_tokens([s.record.tokens for s in answers if s.record.tokens is not None], request.seed)
    return None


def _damaged(model: ModelAnswers, reference: ModelAnswers) -> list[LayerError]:
    if model.plan.kind != "artifact":
        return []
    return [layer for layer in layer_errors(model.artifact, reference.artifact) if layer.is_damaged]


def _row(
    model: ModelAnswers,
    scored: Sequence[_Scored],
    request: CompareRequest,
    noise: TokenFigures | None,
    yardstick: TokenFigures | None,
    damaged: Sequence[LayerError],
) -> ComparisonRow:
    plan, is_reference = model.plan, model.plan.kind == "reference"
    boxes = [_box_answer(s) for s in scored if s.sample.scoring == "boxes"]
    tokens = summarize_tokens([s.record.tokens for s in scored if s.record.tokens is not None], request.seed)
    box_figures = summarize_boxes(boxes, request.seed, is_reference=is_reference)
    difference = None if is_reference or not boxes else f1_difference(boxes, request.seed)
    accuracies = summarize_accuracy(_closed(scored, request.mode), request.seed)
    return ComparisonRow(
        name=plan.name,
        kind=plan.kind,
        method=plan.control.name if plan.control else model.artifact.manifest.method,
        artifact_id=model.artifact.id,
        artifact_path=str(plan.path),
        backend=model.stored.model.get("backend", ""),
        device=model.stored.model.get("device", ""),
        dtype=model.stored.model.get("dtype", ""),
        tokens=None if is_reference else tokens,
        boxes=box_figures,
        f1_50_difference=difference,
        accuracies=accuracies,
        texts=summarize_texts(_texts(scored), request.seed),
        cost=_cost(model, [s.record for s in scored]),
        agreement=None if is_reference else summarize_agreement(_agreement(scored), request.seed),
        verdict=judge_row(plan.kind, tokens, difference, accuracies, noise=noise, yardstick=yardstick, damaged=damaged),
    )


def _box_answer(scored: _Scored) -> BoxAnswer:
    record = scored.record
    size = record.image_size or (1, 1)
    model_size = record.model_size or size
    return BoxAnswer(
        predicted=tuple(LabelledBox(box.label, box.box) for box in record.boxes),
        confidences=tuple(box.confidence for box in record.boxes),
        true=scored.sample.boxes or (),
        reference=tuple(LabelledBox(box.label, box.box) for box in scored.reference.boxes),
        as_pixels=tuple(LabelledBox(box.label, from_model_pixels(box.raw, size, model_size)) for box in record.boxes),
        parse_failed=bool(_FAILED_MARKS & set(record.marks)),
        size=size,
    )


def _closed(scored: Sequence[_Scored], mode: Mode) -> list[ClosedAnswer]:
    answers = []
    for entry in scored:
        sample = entry.sample
        if sample.scoring not in ("closed", "choice"):
            continue
        groups = ["all", sample.task, *([sample.modality] if sample.modality else [])]
        right, reference_right = (is_correct(sample, r.text, mode) for r in (entry.record, entry.reference))
        changed = normalize(entry.record.text) != normalize(entry.reference.text)
        answers.append(ClosedAnswer(tuple(dict.fromkeys(groups)), right, reference_right, changed))
    return answers


def _texts(scored: Sequence[_Scored]) -> list[TextAnswer]:
    return [
        TextAnswer(s.sample.task, s.record.text, s.sample.answer)
        for s in scored
        if s.sample.scoring in ("open", "report") and s.sample.answer
    ]


def _cost(model: ModelAnswers, records: Sequence[SampleRecord]) -> CostFigures:
    control, manifest = model.plan.control, model.artifact.manifest
    first = [record for record in records if not record.reused]
    return CostFigures(
        bytes=None if control else model.artifact.weight_bytes,
        bits_per_weight=control.bits_per_weight if control else manifest.bits_per_weight,
        peak_memory_bytes=max((record.peak_memory_bytes for record in records), default=None),
        load_s=model.stored.model.get("load_s"),
        vision_s=_spread(first, lambda record: record.vision_s),
        prefill_s=_spread(first, lambda record: record.prefill_s),
        decode_tokens_per_s=_spread(records, lambda record: record.decode_tokens_per_s),
    )


def _spread(records: Sequence[SampleRecord], value: Callable[[SampleRecord], float | None]) -> Interval | None:
    """Return the median with the 10th and 90th percentile."""
    values = [found for record in records if (found := value(record)) is not None]
    if not values:
        return None
    low, middle, high = np.percentile(values, [10, 50, 90])
    return Interval(float(middle), float(low), float(high))


def _notes(
    request: CompareRequest, dataset: Dataset, models: Sequence[ModelAnswers], rows: Sequence[ComparisonRow]
) -> tuple[str, ...]:
    own = models[0].plan
    notes = [
        f"The reference computes in {own.dtype} on the reference backend; its own answers are the text over which "
        "distributions are compared, after the image, answer tokens only.",
        "Intervals are 95 % percentiles of 10,000 bootstrap resamples of samples, paired where two models are "
        f"compared; seed {request.seed}. Costs are medians with the 10th and 90th percentile; vision and prefill "
        "leave out questions whose image was in the cache already.",
    ]
    if request.mode == "compat":
        notes.append("Answers are read as MedEvalKit reads them, its known faults included (--mode compat).")
    if dataset.skipped:
        notes.append(f"{len(dataset.skipped)} samples of the dataset were left out; the list says why.")
    boxes = rows[0].boxes
    if boxes is not None and boxes.f1_50_as_pixels is not None and boxes.f1_50_as_pixels > boxes.f1_50.value:
        notes.append(
            "The reference's boxes fit the truth better if their numbers are read as pixels than as 0 to 1000: check "
            "the coordinate convention of this model before you trust any box figure here."
        )
    return tuple(notes)


def _versions() -> dict[str, str]:
    found = {}
    for name in _TOOLS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
