"""One question of a dataset with what is known about its true answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.boxes import LabelledBox

#: How an answer is scored: boxes; yes or no or another closed set; an option's letter; free text; a report.
Scoring = Literal["boxes", "closed", "choice", "open", "report"]


@dataclass(frozen=True, kw_only=True)
class EvaluationSample:
    """One question.

    Attributes
    ----------
    id : str
        Unique in its dataset, the same on every machine.
    scoring : str
        How the answer is scored.
    task : str
        What figures are grouped by, for example ``localize``, ``presence`` or ``SLAKE closed``.
    modality : str or None
        Kind of image, where the dataset says it.
    prompt : str
        The whole text of the user's turn.
    images : tuple of Path or ndarray of uint8, shape (height, width, 3)
        In the order of the turn; a path is read when it is needed.
    answer : str or None
        The true text, or the true letter of a choice.
    options : mapping of str to str
        Letter to text of each option of a choice.
    boxes : tuple of LabelledBox or None
        The true boxes in pixels of the first image; None where they are not known.
    """

    id: str
    scoring: Scoring
    task: str
    modality: str | None = None
    prompt: str
    images: tuple[Path | NDArray[np.uint8], ...] = ()
    answer: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    boxes: tuple[LabelledBox, ...] | None = None


@dataclass(frozen=True)
class SkippedSample:
    """A sample that cannot be used, and the sentence that says why and where it is."""

    id: str
    reason: str


class Dataset(Protocol):
    """Questions in a fixed order; indexing makes one sample, so a large dataset is never held in memory."""

    @property
    def name(self) -> str:
        """What ``--data`` was given, in its normal form, for example ``phantoms:seed=7,count=200``."""
        ...

    @property
    def sha256(self) -> str:
        """Hash over every sample's text, truth and image bytes: the same data have the same hash."""
        ...

    @property
    def skipped(self) -> Sequence[SkippedSample]:
        """Samples that the source lists but that cannot be used; counted in every report."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> EvaluationSample: ...
