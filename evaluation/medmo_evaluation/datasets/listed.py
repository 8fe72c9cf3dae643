"""The one implementation of `Dataset`: light rows in memory, a sample made when it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from medmo_evaluation.datasets.sample import EvaluationSample, SkippedSample
from medmo_models.errors import InputError

Row = TypeVar("Row")


@dataclass
class ListedDataset(Generic[Row]):
    """A dataset over rows (see `medmo_evaluation.datasets.sample.Dataset`).

    Attributes
    ----------
    name : str
    rows : sequence of Row
        What a sample is made from, without its images.
    make : callable
        Makes the sample of a row.
    skipped : list of SkippedSample
    """

    name: str
    rows: Sequence[Row]
    make: Callable[[Row], EvaluationSample]
    skipped: Sequence[SkippedSample] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> EvaluationSample:
        return self.make(self.rows[index])

    @cached_property
    def sha256(self) -> str:
        """Hash over every sample's text, truth and image bytes, in order."""
        digest = hashlib.sha256()
        for row in self.rows:
            _add_sample(digest.update, self.make(row))
        return digest.hexdigest()


def _add_sample(add: Callable[[bytes], None], sample: EvaluationSample) -> None:
    def part(data: bytes) -> None:
        # The length first, so that no two sequences of parts run together to the same bytes.
        add(len(data).to_bytes(8, "little") + data)

    boxes = "none" if sample.boxes is None else repr([(b.label, *map(float, b.box)) for b in sample.boxes])
    options = sorted(sample.options.items())
    for text in (sample.id, sample.scoring, sample.task, sample.prompt, repr(sample.answer), repr(options), boxes):
        part(text.encode("utf-8", "surrogatepass"))
    for image in sample.images:
        if isinstance(image, Path):
            part(hashlib.sha256(image.read_bytes()).digest())
        else:
            part(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes())


class Skips:
    """Collects the samples of a source that cannot be used, and sees that ids are unique."""

    def __init__(self) -> None:
        self.samples: list[SkippedSample] = []
        self._seen: set[str] = set()

    def add(self, sample_id: str, reason: str) -> None:
        """Note a skipped sample."""
        self.samples.append(SkippedSample(sample_id, reason))

    def is_duplicate(self, sample_id: str) -> bool:
        """Note and report whether an id came before."""
        if sample_id in self._seen:
            self.add(sample_id, "its id was used before in the dataset")
            return True
        self._seen.add(sample_id)
        return False

    def is_missing(self, sample_id: str, images: Sequence[Path]) -> bool:
        """Note and report whether an image file is missing or empty."""
        for image in images:
            if not image.is_file() or image.stat().st_size == 0:
                self.add(sample_id, f"its image {image.name} is missing or empty")
                return True
        return False


def image_inside(folder: Path, name: str) -> Path:
    """Return the path of an image that a dataset names.

    Raises
    ------
    InputError
        If the name leads out of the dataset's folder.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{folder}: the image {name!r:.80} lies outside of the dataset's folder.")
    return path
