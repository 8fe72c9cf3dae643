"""A researcher's own questions: one JSON object per line (the format is in docs/datasets.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from PIL import Image

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.datasets.box_checks import box_problem, from_relative_1000
from medmo_evaluation.datasets.listed import ListedDataset, Skips, image_inside
from medmo_evaluation.datasets.sample import EvaluationSample, Scoring
from medmo_models.errors import InputError
from medmo_models.imaging import load_image

_KEYS = {"id", "image", "images", "prompt", "answer", "boxes", "box_space", "task", "scoring", "modality", "options"}


def open_jsonl(path: Path) -> ListedDataset[dict[str, Any]]:
    """Open a JSON Lines file; images are named relative to it.

    Raises
    ------
    InputError
        If the file cannot be read, or a line is not UTF-8, not JSON, lacks a key or has one that is unknown or wrongly
        typed: the line's number is named. Missing images, bad boxes and repeated ids skip the sample.
    """
    skips, rows = Skips(), []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        row = _checked(line, f"{path}, line {number}")
        row.setdefault("id", f"line-{number}")
        images = [image_inside(path.parent, name) for name in row["images"]]
        problem = next((p for box in row.get("boxes") or [] if (p := box_problem(box["box"]))), None)
        if skips.is_duplicate(row["id"]) or skips.is_missing(row["id"], images):
            continue
        if problem is not None:
            skips.add(row["id"], problem)
            continue
        rows.append(row)
    return ListedDataset(f"jsonl:{path.name}", rows, lambda row: _sample(path.parent, row), skips.samples)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: not UTF-8; save the file in UTF-8.") from error


def _checked(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not valid JSON.") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: must be a JSON object.")
    if unknown := sorted(set(row) - _KEYS):
        raise InputError(f'{where}: "{unknown[0]}" is not a key of the format ({", ".join(sorted(_KEYS))}).')
    row["images"] = row.get("images", [row["image"]] if "image" in row else [])
    row.setdefault("scoring", "boxes" if "boxes" in row else "choice" if "options" in row else "open")
    row.setdefault("task", row["scoring"])
    for key in ("prompt", "task", "id", "answer", "modality"):
        if key in row and row[key] is not None and not isinstance(row[key], str):
            raise InputError(f'{where}: "{key}" must be a text.')
    for problem in _problems(row):
        raise InputError(f"{where}: {problem}")
    return row


def _problems(row: dict[str, Any]) -> list[str]:
    problems = []
    if not row.get("prompt"):
        problems.append('"prompt" is missing or empty.')
    if row["scoring"] not in get_args(Scoring):
        problems.append(f'"scoring" must be one of {", ".join(get_args(Scoring))}.')
    if row.get("box_space", "pixels") not in ("pixels", "relative-1000"):
        problems.append('"box_space" must be pixels or relative-1000.')
    boxes = row.get("boxes")
    if boxes is not None and not (
        isinstance(boxes, list)
        and all(isinstance(b, dict) and isinstance(b.get("label"), str) and "box" in b for b in boxes)
    ):
        problems.append('"boxes" must be a list of objects with "label" and "box".')
    options = row.get("options")
    if options is not None and not (isinstance(options, dict) and all(isinstance(v, str) for v in options.values())):
        problems.append('"options" must be an object of letter to text.')
    if row["scoring"] == "choice" and row.get("answer") not in (options or {}):
        problems.append('"answer" must be the letter of one of the "options".')
    if row["scoring"] in ("closed", "open", "report") and not row.get("answer"):
        problems.append('"answer" is missing or empty.')
    if row["scoring"] == "boxes" and (boxes is None or not row["images"]):
        problems.append('"boxes" and "image" are needed where boxes are scored.')
    if not all(isinstance(name, str) for name in row["images"]):
        problems.append('"images" must be a list of file names.')
    return problems


def _sample(folder: Path, row: dict[str, Any]) -> EvaluationSample:
    images = tuple(folder / name for name in row["images"])
    boxes = None
    if row.get("boxes") is not None:
        size = _size(images[0]) if row.get("box_space") == "relative-1000" else (0, 0)
        boxes = tuple(
            LabelledBox(
                entry["label"],
                from_relative_1000(entry["box"], size) if size != (0, 0) else tuple(map(float, entry["box"])),  # type: ignore[arg-type]
            )
            for entry in row["boxes"]
        )
    return EvaluationSample(
        id=row["id"],
        scoring=row["scoring"],
        task=row["task"],
        modality=row.get("modality"),
        prompt=row["prompt"],
        images=images,
        answer=row.get("answer"),
        options=row.get("options") or {},
        boxes=boxes,
    )


def _size(path: Path) -> tuple[int, int]:
    """Return width and height as `load_image` shows the file."""
    try:
        with Image.open(path) as image:
            return image.size
    except OSError:
        loaded = load_image(path)  # DICOM
        return loaded.width, loaded.height
