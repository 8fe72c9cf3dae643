"""The samples on which a model is furthest from the reference, with pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.compare.answering import load
from medmo_evaluation.compare.records import RecordedBox, SampleRecord
from medmo_evaluation.compare.reference_store import written_beside
from medmo_evaluation.compare.request import ModelPlan
from medmo_evaluation.compare.summary import WorstSample
from medmo_evaluation.datasets.sample import Dataset, EvaluationSample
from medmo_evaluation.metrics.box_metrics import box_drift

_PER_MODEL = 3
_PICTURE_WIDTH = 768


def worst_samples(
    dataset: Dataset,
    ids: Sequence[str],
    models: Sequence[tuple[ModelPlan, Mapping[str, SampleRecord]]],
    pictures: Path,
) -> tuple[WorstSample, ...]:
    """Return the worst samples of each artifact and write their pictures.

    ``ids`` are those of the dataset's first samples, in its order. Boxes that were lost, new or moved count first,
    then the mean KLD. The first of ``models`` is the reference.
    """
    reference = models[0][1]
    chosen: list[WorstSample] = []
    for plan, records in models:
        if plan.kind != "artifact":
            continue
        ranked = sorted(
            (key for key in records if key in reference), key=lambda key: _distance(records[key], reference[key])
        )
        wanted = set(ranked[-_PER_MODEL:])
        found = [dataset[index] for index, key in enumerate(ids) if key in wanted]
        found.sort(key=lambda sample: ranked.index(sample.id), reverse=True)
        chosen += [_worst(plan, sample, records[sample.id], reference[sample.id], pictures) for sample in found]
    return tuple(chosen)


def _distance(record: SampleRecord, reference: SampleRecord) -> tuple[float, float]:
    drift = box_drift(_boxes(record.boxes), _boxes(reference.boxes), record.image_size or (1, 1))
    changed = drift.lost + drift.new + sum(1 - iou for iou in drift.ious)
    return changed, 0.0 if record.tokens is None else float(np.mean(record.tokens.kld))


def _boxes(boxes: Sequence[RecordedBox]) -> tuple[LabelledBox, ...]:
    return tuple(LabelledBox(box.label, box.box) for box in boxes)


def _worst(
    plan: ModelPlan, sample: EvaluationSample, record: SampleRecord, reference: SampleRecord, pictures: Path
) -> WorstSample:
    picture = None
    if sample.images:
        # An id may hold anything, a patient's number among it: the file's name is its hash.
        picture = pictures / f"{hashlib.sha256(sample.id.encode()).hexdigest()[:16]}.png"
        _write_picture(picture, sample)
    kld = None if record.tokens is None else float(np.mean(record.tokens.kld))
    changed = _distance(record, reference)[0]
    return WorstSample(
        row=plan.name,
        sample_id=sample.id,
        reason="its boxes moved, were lost or are new" if changed > 0 else "its mean KLD is among the largest",
        task=sample.task,
        prompt=sample.prompt,
        true_answer=sample.answer,
        reference_text=reference.text,
        text=record.text,
        mean_kld=kld,
        width=(record.image_size or (0, 0))[0],
        height=(record.image_size or (0, 0))[1],
        picture=picture,
        true_boxes=sample.boxes or (),
        reference_boxes=_boxes(reference.boxes),
        boxes=_boxes(record.boxes),
    )


def _write_picture(path: Path, sample: EvaluationSample) -> None:
    image = Image.fromarray(load(sample.images[0]).pixels)
    if image.width > _PICTURE_WIDTH:
        image = image.resize((_PICTURE_WIDTH, max(1, round(image.height * _PICTURE_WIDTH / image.width))))
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_beside(path) as part:
        image.save(part, format="PNG")
