"""Answer and boxes as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from medmo_desktop.keeping.exports.subject import box_source
from medmo_desktop.keeping.record import CaseRecord, boxes_to_json
from medmo_desktop.keeping.written_beside import check_same, write_beside
from medmo_runtime.overlay import RESEARCH_NOTICE


def export_json(path: Path, record: CaseRecord) -> None:
    """Write the question, the answer (as ``medmo ask --json``) and the boxes as they are now.

    Boxes are in pixels of the image as shown; each has a ``source``: the model, the model corrected by the user, or the
    user. There is no path, file name or DICOM header in the file; texts are as they were typed.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    values = record.without_paths().to_json()
    sources = [{"source": box_source(box)} for box in record.boxes]
    document = {
        "notice": RESEARCH_NOTICE,
        "medmo_version": record.medmo_version,
        "time": record.time,
        "images": values["images"],
        "prompt": record.prompt,
        "model": values["model"],
        "answer": values["answer"],
        "boxes": [box | source for box, source in zip(boxes_to_json(record.boxes), sources, strict=True)],
    }
    content = (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
    write_beside(path, content, "the JSON file", check_same(content, "The JSON file"))
