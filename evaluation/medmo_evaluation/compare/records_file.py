"""The records of one model: JSON lines, one per sample, appended as they are made."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medmo_evaluation.compare.records import RecordedBox, SampleRecord, TokenRecord
from medmo_models.errors import InputError
from medmo_models.strict_json import canonical_json


@dataclass
class StoredRecords:
    """What a records file holds: records and skipped samples by id, and what the model is and costs."""

    records: dict[str, SampleRecord] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)


class RecordsFile:
    """A records file for one identity.

    Parameters
    ----------
    folder : Path
    identity : dict
        What the records depend on: artifact, backend, dtype, dataset, ... Its hash is the file's name, so records of
        another run are never taken for these.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{hashlib.sha256(canonical_json(identity)).hexdigest()[:24]}.jsonl"
        self._identity = identity

    @classmethod
    def at(cls, path: Path) -> RecordsFile:
        """Return the records file at a path, to be read."""
        found = cls.__new__(cls)
        found.path, found._identity = path, {}
        return found

    def open(self) -> StoredRecords:
        """Read what is there; drop a last line that was cut off when the writer was killed.

        Raises
        ------
        InputError
            If another line is damaged.
        """
        stored = StoredRecords()
        if not self.path.exists():
            self._append({"identity": self._identity})
            return stored
        lines = self.path.read_bytes().split(b"\n")
        if lines[-1]:
            os.truncate(self.path, self.path.stat().st_size - len(lines[-1]))
        for number, line in enumerate(lines[:-1], start=1):
            try:
                _take(stored, json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"{self.path}, line {number} is damaged; delete the file and compare again."
                ) from error
        return stored

    def add(self, record: SampleRecord) -> None:
        """Append a record."""
        self._append({"sample": asdict(record)})

    def skip(self, sample_id: str, reason: str) -> None:
        """Append that a sample cannot be used."""
        self._append({"skipped": sample_id, "reason": reason})

    def describe_model(self, **facts: Any) -> None:
        """Append what the model is; the first description counts."""
        self._append({"model": facts})

    def _append(self, entry: dict[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _take(stored: StoredRecords, entry: dict[str, Any]) -> None:
    if "sample" in entry:
        record = _record(entry["sample"])
        stored.records[record.sample_id] = record
    elif "skipped" in entry:
        stored.skipped[entry["skipped"]] = entry["reason"]
    elif "model" in entry:
        stored.model = stored.model or entry["model"]


def _record(values: dict[str, Any]) -> SampleRecord:
    tokens = values["tokens"]
    return SampleRecord(
        **{
            **values,
            "boxes": tuple(
                RecordedBox(box["label"], tuple(box["box"]), tuple(box["raw"]), box["confidence"])
                for box in values["boxes"]
            ),
            "marks": tuple(values["marks"]),
            "image_size": None if values["image_size"] is None else tuple(values["image_size"]),
            "model_size": None if values["model_size"] is None else tuple(values["model_size"]),
            "tokens": None if tokens is None else TokenRecord(**{key: tuple(part) for key, part in tokens.items()}),
        }
    )
