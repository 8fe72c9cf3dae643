"""COCO detection files: one question per image, for all boxes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.datasets.box_checks import box_problem
from medmo_evaluation.datasets.listed import ListedDataset, Skips, image_inside
from medmo_evaluation.datasets.sample import EvaluationSample
from medmo_models.errors import InputError
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_models.strict_json import JsonFields, read_json_object


@dataclass(frozen=True)
class _Image:
    id: str
    path: Path
    boxes: tuple[LabelledBox, ...]


def open_coco(path: Path, images: Path | None = None) -> ListedDataset[_Image]:
    """Open a COCO detection file (https://cocodataset.org/#format-data).

    Parameters
    ----------
    path : Path
        The annotations.
    images : Path, optional
        The folder of the images; the annotations' own if not given.

    Raises
    ------
    InputError
        If the file is not JSON, or an entry lacks a key. Images that are missing and those with a bad box are skipped.
    """
    fields = JsonFields(read_json_object(path), str(path))
    names = {entry.integer("id"): entry.text("name") for entry in _entries(fields, "categories")}
    boxes: dict[int, list[LabelledBox]] = {}
    faults: dict[int, str] = {}
    for entry in _entries(fields, "annotations"):
        image, category = entry.integer("image_id"), entry.integer("category_id")
        raw = entry.value("bbox")
        corners = _corners(raw)
        if problem := box_problem(corners):
            faults[image] = problem
        elif category not in names:
            entry.fail("category_id", f"is {category}, which is not among the categories")
        else:
            x1, y1, x2, y2 = corners
            boxes.setdefault(image, []).append(LabelledBox(names[category], (x1, y1, x2, y2)))
    skips, rows = Skips(), []
    for entry in _entries(fields, "images"):
        number, name = entry.integer("id"), entry.text("file_name")
        place = image_inside(images or path.parent, name)
        identity = f"coco-{number}"
        if skips.is_duplicate(identity) or skips.is_missing(identity, [place]):
            continue
        if number in faults:
            skips.add(identity, faults[number])
            continue
        rows.append(_Image(identity, place, tuple(boxes.get(number, ()))))
    return ListedDataset(f"coco:{path.name}", rows, _sample, skips.samples)


def _corners(box: object) -> list[float]:
    """Return corners for ``[x, y, width, height]``; what is no such list comes back empty."""
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(value, (int, float)) for value in box):
        return []
    x, y, width, height = map(float, box)
    return [x, y, x + width, y + height]


def _entries(fields: JsonFields, key: str) -> list[JsonFields]:
    value = fields.value(key)
    if not isinstance(value, list):
        raise InputError(f'The COCO file\'s "{key}" must be a list.')
    return [JsonFields(entry, f"COCO {key}", f"{index}.") for index, entry in enumerate(value)]


def _sample(row: _Image) -> EvaluationSample:
    return EvaluationSample(
        id=row.id, scoring="boxes", task="localize", prompt=LOCALIZE_PROMPT, images=(row.path,), boxes=row.boxes
    )
