"""Opens a dataset by what ``--data`` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from medmo_evaluation.datasets.coco import open_coco
from medmo_evaluation.datasets.jsonl import open_jsonl
from medmo_evaluation.datasets.medevalkit_choice import (
    open_medmcqa,
    open_medqa,
    open_medxpertqa,
    open_mmmu_medical,
    open_omnimedvqa,
    open_pmc_vqa,
    open_pubmedqa,
)
from medmo_evaluation.datasets.medevalkit_report import open_reports
from medmo_evaluation.datasets.medevalkit_vqa import open_image_questions, open_slake
from medmo_evaluation.datasets.phantom_set import open_phantoms
from medmo_evaluation.datasets.sample import Dataset
from medmo_models.errors import InputError

#: Folders in MedEvalKit's layouts, by the name that stands before the colon.
FOLDERS: Mapping[str, Callable[[Path], Any]] = {
    "vqa-rad": partial(open_image_questions, name="vqa-rad"),
    "path-vqa": partial(open_image_questions, name="path-vqa"),
    "slake": open_slake,
    "pmc-vqa": open_pmc_vqa,
    "omnimedvqa": open_omnimedvqa,
    "medxpertqa": open_medxpertqa,
    "mmmu-medical": open_mmmu_medical,
    "medqa": open_medqa,
    "medmcqa": open_medmcqa,
    "pubmedqa": open_pubmedqa,
    "iu-xray": partial(open_reports, name="iu-xray"),
    "mimic-cxr": partial(open_reports, name="mimic-cxr"),
    "chexpert-plus": partial(open_reports, name="chexpert-plus"),
}


def open_dataset(text: str) -> Dataset:
    """Open ``phantoms[:seed=7,count=200]``, ``FILE.jsonl``, ``coco:FILE[,images=DIR]`` or ``NAME:DIR`` (`FOLDERS`).

    Raises
    ------
    InputError
        If the name is unknown, the source cannot be read, or no sample in it can be used.
    """
    dataset = _open(text)
    if not len(dataset):
        first = f" The first was skipped because {dataset.skipped[0].reason}." if dataset.skipped else ""
        raise InputError(f"--data {text} has no sample that can be used.{first}")
    return dataset


def _open(text: str) -> Dataset:
    kind, _, rest = text.partition(":")
    if kind == "phantoms":
        return open_phantoms(rest)
    if kind == "coco":
        file, _, images = rest.partition(",images=")
        return open_coco(Path(file), Path(images) if images else None)
    if kind in FOLDERS:
        if not Path(rest).is_dir():
            raise InputError(f"--data {text}: {rest or 'nothing'} is not a folder.")
        opened: Dataset = FOLDERS[kind](Path(rest))
        return opened
    if text.endswith(".jsonl"):
        return open_jsonl(Path(text))
    raise InputError(
        f"--data {text} is not understood: give phantoms, FILE.jsonl, coco:FILE or {', '.join(FOLDERS)}:DIR."
    )
