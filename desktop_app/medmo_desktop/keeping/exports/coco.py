"""Boxes in COCO's detection format (cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medmo_desktop.findings.marks import MarkedBox, PixelBox
from medmo_desktop.keeping.exports.subject import box_confidence, box_source, subject_image
from medmo_desktop.keeping.record import CaseRecord
from medmo_desktop.keeping.written_beside import check_same, write_beside
from medmo_runtime.overlay import RESEARCH_NOTICE


def export_coco(path: Path, record: CaseRecord, *, file_name: str | None = None) -> None:
    """Write one image, its labels as categories and its boxes as annotations.

    ``bbox`` is x, y, width and height in pixels of the image as shown. ``score`` is the token probability, where there
    is one for the box as it is. ``attributes`` say where a box is from and what the model said before a correction.

    Parameters
    ----------
    path : Path
    record : CaseRecord
    file_name : str, optional
        The image's name in the file; by default made of its hash, since a file's own name may be a patient's.

    Raises
    ------
    InputError
        If the question had no image, or the file cannot be written.
    """
    image = subject_image(record)
    labels = sorted({box.label for box in record.boxes})
    numbers = {label: number for number, label in enumerate(labels, start=1)}
    document = {
        "info": {
            "description": _description(record),
            "version": record.medmo_version,
            "date_created": record.time,
        },
        "licenses": [],
        "images": [
            {
                "id": 1,
                "file_name": file_name or f"{image.sha256[:16]}-{image.frame}.png",
                "width": image.width,
                "height": image.height,
            }
        ],
        "categories": [{"id": number, "name": label, "supercategory": "finding"} for label, number in numbers.items()],
        "annotations": [
            {"id": number, "image_id": 1, "category_id": numbers[box.label], **_annotation(box)}
            for number, box in enumerate(record.boxes, start=1)
        ],
    }
    content = (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
    write_beside(path, content, "the COCO file", check_same(content, "The COCO file"))


def _description(record: CaseRecord) -> str:
    model = record.model
    whose = "a user; no model was asked" if model is None else f"{model.spec_id} ({model.method}) and its user"
    return f"{RESEARCH_NOTICE} Boxes of {whose}."


def _annotation(box: MarkedBox) -> Mapping[str, Any]:
    confidence = box_confidence(box)
    _, _, width, height = corner_and_size = _corner_and_size(box.pixels)
    return {
        "bbox": corner_and_size,
        "area": width * height,
        "iscrowd": 0,
        "segmentation": [],
        **({} if confidence is None else {"score": confidence}),
        "attributes": {
            "id": box.id,
            "origin": box.origin,
            "source": box_source(box),
            "marks": list(box.marks),
            "model_bbox": None if box.model_pixels is None else _corner_and_size(box.model_pixels),
            "model_label": box.model_label,
        },
    }


def _corner_and_size(box: PixelBox) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]
