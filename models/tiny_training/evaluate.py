"""Held-out figures of a trained checkpoint, asked through the runtime as a user would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.grounding_score import (
    ImageScore,
    accuracy_interval,
    f1_interval,
    mean_iou_interval,
    score_image,
)
from medmo_evaluation.metrics.intervals import Interval
from medmo_evaluation.phantom_run import AnsweredQuestion, ask_phantoms
from medmo_models.artifact import open_model
from medmo_models.phantoms import Finding
from medmo_runtime.session import Session

ALL_TASKS = ("localize", "report", "presence", "side", "count", "modality")


@dataclass(frozen=True)
class Figures:
    """What the model card states; intervals are 95 % bootstrap intervals over images."""

    images: int
    f1_50: Interval
    mean_iou: Interval
    vqa: Interval
    report: Interval
    per_task: dict[str, Interval]
    per_modality_f1: dict[str, Interval]
    large_recall: Interval
    small_recall: Interval


def run(checkpoint: Path, seed: int, count: int) -> list[AnsweredQuestion]:
    """Ask all questions of ``count`` phantoms of ``seed``."""

    def progress(done: int, total: int) -> None:
        if done % 25 == 0:
            print(f"held-out phantoms {done}/{total}", flush=True)

    with Session.open([open_model(checkpoint)], backend="reference") as session:
        return list(ask_phantoms(session, seed, count, ALL_TASKS, progress))


def summarize(answers: Sequence[AnsweredQuestion]) -> Figures:
    """Score the answers."""
    localized = [a for a in answers if a.question.task == "localize"]
    scores = [a.score() for a in localized]
    by_modality: dict[str, list[ImageScore]] = defaultdict(list)
    for answer, score in zip(localized, scores, strict=True):
        by_modality[answer.phantom.modality].append(score)
    closed: dict[str, list[bool]] = defaultdict(list)
    for answer in answers:
        if answer.question.is_vqa:
            closed[answer.question.task].append(answer.correct)
    return Figures(
        images=len(localized),
        f1_50=f1_interval(scores),
        mean_iou=mean_iou_interval(scores),
        vqa=accuracy_interval([right for task in closed.values() for right in task]),
        report=accuracy_interval([a.answer.text == a.question.answer for a in answers if a.question.task == "report"]),
        per_task={task: accuracy_interval(right) for task, right in sorted(closed.items())},
        per_modality_f1={kind: f1_interval(group) for kind, group in sorted(by_modality.items())},
        large_recall=accuracy_interval([found for a in localized for found in _found(a, small=False)]),
        small_recall=accuracy_interval([found for a in localized for found in _found(a, small=True)]),
    )


def _found(answer: AnsweredQuestion, *, small: bool) -> list[bool]:
    """Whether each true finding of the size was boxed with an IoU of at least 0.5."""
    height, width = answer.phantom.pixels.shape[:2]
    predicted = answer.boxes()

    def is_found(finding: Finding) -> bool:
        x1, y1, x2, y2 = finding.box
        true = LabelledBox(finding.label, (x1 * width, y1 * height, x2 * width, y2 * height))
        return any(score_image([box], [true]).true_positives for box in predicted)

    return [is_found(finding) for finding in answer.phantom.findings if finding.is_small == small]
