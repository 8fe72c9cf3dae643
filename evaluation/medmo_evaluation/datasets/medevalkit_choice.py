"""Multiple-choice sets as MedEvalKit reads them: PMC-VQA, OmniMedVQA, MedXpertQA, MMMU-Medical and the text sets."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medmo_evaluation.datasets import medevalkit_prompts as prompts
from medmo_evaluation.datasets.listed import ListedDataset, Skips, image_inside
from medmo_evaluation.datasets.medevalkit_vqa import json_entries
from medmo_evaluation.datasets.parquet import StoredRow, read_rows
from medmo_evaluation.datasets.sample import EvaluationSample
from medmo_models.errors import InputError

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MMMU_SUBJECTS = (
    "Basic_Medical_Science",
    "Clinical_Medicine",
    "Diagnostics_and_Laboratory_Medicine",
    "Pharmacy",
    "Public_Health",
)


@dataclass(frozen=True, kw_only=True)
class ChoiceRow:
    """A question, its options as the prompt lists them, the true letter, and its images or where they are stored."""

    id: str
    task: str
    prompt: str
    options: Mapping[str, str]
    answer: str
    modality: str | None = None
    files: tuple[Path, ...] = ()
    stored: StoredRow | None = None
    columns: tuple[str, ...] = ()


def _dataset(name: str, rows: Iterable[ChoiceRow]) -> ListedDataset[ChoiceRow]:
    skips, kept = Skips(), []
    for row in rows:
        if skips.is_duplicate(row.id) or skips.is_missing(row.id, row.files):
            continue
        if row.answer not in row.options:
            skips.add(row.id, f"its answer {row.answer!r:.20} is not one of its options")
            continue
        kept.append(row)
    return ListedDataset(name, kept, _sample, skips.samples)


def _sample(row: ChoiceRow) -> EvaluationSample:
    stored = () if row.stored is None else tuple(row.stored.image(column) for column in row.columns)
    return EvaluationSample(
        id=row.id,
        scoring="choice",
        task=row.task,
        modality=row.modality,
        prompt=row.prompt,
        images=(*row.files, *stored),
        answer=row.answer,
        options=row.options,
    )


def _lettered(texts: Iterable[Any], separator: str = ". ") -> dict[str, str]:
    return {letter: f"{letter}{separator}{text}" for letter, text in zip(LETTERS, texts, strict=False)}


def open_pmc_vqa(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open PMC-VQA: ``test_2.csv`` (index, figure, caption, question, four options, answer, split), ``figures/``."""
    path = folder / "test_2.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))[1:]
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; give the folder of the dataset.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8; copy the dataset again.") from error

    def rows() -> Iterable[ChoiceRow]:
        for number, line in enumerate(lines):
            if len(line) != 10:
                raise InputError(f"{path}, line {number + 2}: has {len(line)} columns instead of 10.")
            _, figure, _, question, *choices, answer, _ = line
            options = dict(zip(LETTERS, choices, strict=False))
            yield ChoiceRow(
                id=f"pmc-vqa-{number:05d}",
                task="PMC-VQA",
                prompt=prompts.multiple_choice(question, choices),
                options=options,
                answer=answer.strip().upper(),
                files=(image_inside(folder / "figures", figure),),
            )

    return _dataset("pmc-vqa", rows())


def open_omnimedvqa(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open OmniMedVQA: ``QA_information/Open-access/*.json``, images below the folder."""
    files = sorted((folder / "QA_information" / "Open-access").glob("*.json"))
    if not files:
        raise InputError(f"{folder} has no QA_information/Open-access/*.json; give the folder of the dataset.")

    def rows() -> Iterable[ChoiceRow]:
        for file in files:
            for number, entry in enumerate(json_entries(file)):
                given = [str(entry[f"option_{letter}"]) for letter in "ABCD" if f"option_{letter}" in entry]
                options = _lettered(given)
                true = [letter for letter, text in zip(LETTERS, given, strict=False) if text == entry.get("gt_answer")]
                yield ChoiceRow(
                    id=str(entry.get("question_id") or f"{file.stem}-{number:05d}"),
                    task=str(entry.get("question_type") or "OmniMedVQA"),
                    modality=entry.get("modality_type"),
                    prompt=prompts.multiple_choice(str(entry.get("question", "")), list(options.values())),
                    options=options,
                    # MedEvalKit takes the last of equal options.
                    answer=true[-1] if true else str(entry.get("gt_answer")),
                    files=(image_inside(folder, str(entry.get("image_path", ""))),),
                )

    return _dataset("omnimedvqa", rows())


def _text_rows(
    name: str,
    task: str,
    rows: Iterable[StoredRow],
    read: Callable[[Mapping[str, Any]], tuple[str, dict[str, str], str]],
) -> Iterable[ChoiceRow]:
    for number, row in enumerate(rows):
        try:
            prompt, options, answer = read(row.values)
        except (KeyError, TypeError, IndexError) as error:
            raise InputError(f"{row.file}: row {number} lacks {error}; it is not a file of {task}.") from error
        yield ChoiceRow(id=f"{name}-{number:05d}", task=task, prompt=prompt, options=options, answer=answer)


def open_medqa(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open MedQA (USMLE): split ``test`` with question, options (an object) and answer_idx."""

    def read(values: Mapping[str, Any]) -> tuple[str, dict[str, str], str]:
        options = _lettered(values["options"][letter] for letter in "ABCD")
        return prompts.multiple_choice(values["question"], list(options.values())), options, values["answer_idx"]

    return _dataset("medqa", _text_rows("medqa", "MedQA", read_rows(folder, "test"), read))


def open_medmcqa(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open MedMCQA: split ``validation`` with question, opa to opd and cop (0 to 3)."""

    def read(values: Mapping[str, Any]) -> tuple[str, dict[str, str], str]:
        options = _lettered(values[f"op{letter}"] for letter in "abcd")
        return prompts.multiple_choice(values["question"], list(options.values())), options, LETTERS[values["cop"]]

    return _dataset("medmcqa", _text_rows("medmcqa", "MedMCQA", read_rows(folder, "validation"), read))


def open_pubmedqa(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open PubMedQA: split ``test`` whose ``data`` has Question, Options, Context and Correct Option."""

    def read(values: Mapping[str, Any]) -> tuple[str, dict[str, str], str]:
        data = values["data"]
        options = _lettered((data["Options"][letter] for letter in "ABC"), ".")
        asked = prompts.multiple_choice(data["Question"], list(options.values()))
        context = "\n".join(data["Context"])
        return f"Context: {context}\n{asked}", options, data["Correct Option"]

    return _dataset("pubmedqa", _text_rows("pubmedqa", "PubMedQA", read_rows(folder, "test"), read))


def open_medxpertqa(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open MedXpertQA, Text or MM: split ``test`` with question, options, label and, in MM, images in ``images/``."""

    def rows() -> Iterable[ChoiceRow]:
        for number, row in enumerate(read_rows(folder, "test")):
            values = row.values
            given = {k: v for k, v in (values.get("options") or {}).items() if v is not None}
            options = {letter: f"{letter}. {text}" for letter, text in given.items()}
            images = values.get("images") or []
            yield ChoiceRow(
                id=str(values.get("id") or f"medxpertqa-{number:05d}"),
                task="MedXpertQA MM" if images else "MedXpertQA Text",
                prompt=prompts.multiple_choice(str(values.get("question", "")), list(options.values())),
                options=options,
                answer=str(values.get("label")),
                files=tuple(image_inside(folder / "images", name) for name in images),
            )

    return _dataset("medxpertqa", rows())


def open_mmmu_medical(folder: Path) -> ListedDataset[ChoiceRow]:
    """Open the five medical subjects of MMMU: split ``validation``, the multiple-choice questions.

    The prompt is that of MMMU's own configuration. Its few open questions are counted as skipped.
    """
    skips, kept = Skips(), []
    columns = tuple(f"image_{number}" for number in range(1, 8))
    for subject in _MMMU_SUBJECTS:
        if not (folder / subject).is_dir():
            raise InputError(f"{folder} has no folder {subject}; give the folder of MMMU.")
        for number, row in enumerate(read_rows(folder / subject, "validation", columns)):
            identity = str(row.values.get("id") or f"{subject}-{number:04d}")
            texts = ast.literal_eval(str(row.values.get("options") or "[]"))
            if not texts:
                skips.add(identity, "an open question, which MMMU scores by a parser of its own")
                continue
            options = {letter: f"({letter}) {text}" for letter, text in zip(LETTERS, texts, strict=False)}
            question, listed = str(row.values["question"]), "\n".join(options.values())
            used = tuple(column for column in columns if f"<{column.replace('_', ' ')}>" in question + listed)
            ending = "Answer with the option's letter from the given choices directly."
            kept.append(
                ChoiceRow(
                    id=identity,
                    task=subject.replace("_", " "),
                    prompt=f"{question}\n\n{listed}\n\n{ending}",
                    options=options,
                    answer=str(row.values.get("answer")),
                    stored=row,
                    columns=used,
                )
            )
    return ListedDataset("mmmu-medical", kept, _sample, skips.samples)
