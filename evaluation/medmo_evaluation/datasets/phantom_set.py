"""The generated phantoms as a dataset: ``phantoms:seed=7,count=200``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from medmo_evaluation.datasets.listed import ListedDataset
from medmo_evaluation.datasets.sample import EvaluationSample, Scoring
from medmo_evaluation.phantom_run import true_boxes
from medmo_models.errors import InputError
from medmo_models.phantoms import Phantom, Question, make_phantom, questions_for

_DEFAULTS = {"seed": 7, "count": 200}


@dataclass(frozen=True)
class _Asked:
    seed: int
    index: int
    question: Question


def open_phantoms(settings: str) -> ListedDataset[_Asked]:
    """Open phantoms by ``seed=7,count=200``; every phantom is asked all its questions, as `ask_phantoms` does.

    Raises
    ------
    InputError
        If a setting is unknown or no whole number.
    """
    chosen = dict(_DEFAULTS)
    for part in filter(None, settings.split(",")):
        key, _, value = part.partition("=")
        if key not in chosen or not value.isdigit():
            raise InputError(f"phantoms:{settings} is not understood; write for example phantoms:seed=7,count=200.")
        chosen[key] = int(value)
    seed, count = chosen["seed"], chosen["count"]
    rng = np.random.default_rng(seed)
    rows = [
        _Asked(seed, index, question)
        for index in range(count)
        for question in questions_for(_phantom(seed, index), rng)
    ]
    return ListedDataset(f"phantoms:seed={seed},count={count}", rows, _sample)


@lru_cache(maxsize=4)
def _phantom(seed: int, index: int) -> Phantom:
    return make_phantom(seed, index)


def _sample(row: _Asked) -> EvaluationSample:
    phantom = _phantom(row.seed, row.index)
    kinds: dict[str, Scoring] = {"localize": "boxes", "report": "report"}
    return EvaluationSample(
        id=f"phantom-{row.seed}-{row.index:05d}-{row.question.task}",
        scoring=kinds.get(row.question.task, "closed"),
        task=row.question.task,
        modality=phantom.modality,
        prompt=row.question.prompt,
        images=(phantom.pixels,),
        answer=row.question.answer,
        boxes=tuple(true_boxes(phantom)) if row.question.task == "localize" else None,
    )
