"""VQA-RAD, PathVQA and SLAKE as MedEvalKit reads them: yes or no, closed and open questions about one image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medmo_evaluation.datasets import medevalkit_prompts as prompts
from medmo_evaluation.datasets.listed import ListedDataset, Skips, image_inside
from medmo_evaluation.datasets.parquet import StoredRow, read_rows
from medmo_evaluation.datasets.sample import EvaluationSample, Scoring
from medmo_models.errors import InputError


@dataclass(frozen=True)
class _Question:
    id: str
    row: StoredRow


def open_image_questions(folder: Path, name: str) -> ListedDataset[_Question]:
    """Open VQA-RAD or PathVQA: split ``test`` with the columns image, question and answer."""
    skips, rows = Skips(), []
    for number, row in enumerate(read_rows(folder, "test", ("image",))):
        identity = f"{name}-{number:05d}"
        if not row.values.get("question") or not row.values.get("answer"):
            skips.add(identity, "its question or answer is empty")
        elif "image" not in row.values["image_columns"]:
            skips.add(identity, "it has no image")
        else:
            rows.append(_Question(identity, row))

    def make(entry: _Question) -> EvaluationSample:
        question, answer = str(entry.row.values["question"]), str(entry.row.values["answer"])
        is_closed = answer.lower() in ("yes", "no")
        return EvaluationSample(
            id=entry.id,
            scoring="closed" if is_closed else "open",
            task=f"{name} {'yes/no' if is_closed else 'open'}",
            prompt=prompts.yes_no(question) if is_closed else prompts.open_question(question),
            images=(entry.row.image("image"),),
            answer=answer.lower() if is_closed else answer,
        )

    return ListedDataset(name, rows, make, skips.samples)


def open_slake(folder: Path) -> ListedDataset[dict[str, Any]]:
    """Open SLAKE: ``test.json`` and ``imgs/``; English and Chinese questions."""
    skips, rows = Skips(), []
    for number, entry in enumerate(json_entries(folder / "test.json")):
        identity = f"slake-{entry.get('qid', number)}"
        missing = [key for key in ("img_name", "question", "answer", "answer_type") if not str(entry.get(key) or "")]
        if skips.is_duplicate(identity):
            continue
        if missing:
            skips.add(identity, f"it has no {missing[0]}")
        elif not skips.is_missing(identity, [image_inside(folder / "imgs", entry["img_name"])]):
            rows.append({**entry, "id": identity})

    def make(entry: dict[str, Any]) -> EvaluationSample:
        is_open = entry["answer_type"] == "OPEN"
        language, question = entry.get("q_lang", "en"), entry["question"]
        scoring: Scoring = "open" if is_open else "closed"
        return EvaluationSample(
            id=entry["id"],
            scoring=scoring,
            task=f"SLAKE {scoring}",
            modality=entry.get("modality"),
            prompt=(prompts.open_question if is_open else prompts.closed)(question, language),
            images=(folder / "imgs" / entry["img_name"],),
            answer=str(entry["answer"]),
        )

    return ListedDataset("slake", rows, make, skips.samples)


def json_entries(path: Path) -> list[dict[str, Any]]:
    """Read a JSON file that holds a list of objects.

    Raises
    ------
    InputError
        If it is missing, not UTF-8, not JSON, or something else.
    """
    try:
        value = json.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; give the folder of the dataset.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8; copy the dataset again.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not valid JSON; copy the dataset again.") from error
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise InputError(f"{path} must hold a list of objects.")
    return value
