"""Calibration samples: conversations with images and true answers, on which a quantizer measures activations."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from medmo_models.phantoms import make_phantom, questions_for
from medmo_models.preprocessing import ChatTurn


@dataclass(frozen=True)
class CalibrationSample:
    """One conversation.

    Attributes
    ----------
    turns : tuple of ChatTurn
        Questions with their images, and the true answers.
    modality : str
        The kind of image, for example ``"CT slice"``.
    """

    turns: tuple[ChatTurn, ...]
    modality: str


@dataclass(frozen=True)
class CalibrationSet:
    """Samples and where they are from.

    Attributes
    ----------
    id : str
        What the user asked for, for the manifest, for example ``phantoms:seed=99,count=32``.
    samples : tuple of CalibrationSample
    """

    id: str
    samples: tuple[CalibrationSample, ...]

    @property
    def modalities(self) -> dict[str, int]:
        """Samples of each modality, most frequent first."""
        return dict(Counter(sample.modality for sample in self.samples).most_common())

    @property
    def images(self) -> int:
        """Images in all samples."""
        return sum(len(turn.images) for sample in self.samples for turn in sample.turns)

    def without_images(self) -> CalibrationSet:
        """Return the same conversations as text alone."""
        samples = (
            replace(sample, turns=tuple(replace(turn, images=()) for turn in sample.turns)) for sample in self.samples
        )
        return CalibrationSet(f"{self.id},text-only", tuple(samples))


def phantom_set(count: int, seed: int) -> CalibrationSet:
    """Return `phantom_calibration` as a set."""
    return CalibrationSet(f"phantoms:seed={seed},count={count}", tuple(phantom_calibration(count, seed)))


def phantom_calibration(count: int, seed: int) -> list[CalibrationSample]:
    """Return ``count`` questions about generated phantoms with their true answers.

    Parameters
    ----------
    count : int
    seed : int
        The phantoms' seed; the same seed gives the same samples.

    Returns
    -------
    list of CalibrationSample
        One question each, every other one a localize question: boxes are what suffers first.
    """
    samples = []
    for index in range(count):
        phantom = make_phantom(seed, index)
        rng = np.random.default_rng((seed, index))
        localize, *others = questions_for(phantom, rng)
        question = localize if index % 2 == 0 else others[int(rng.integers(len(others)))]
        asked = ChatTurn("user", question.prompt, (phantom.pixels,))
        samples.append(CalibrationSample((asked, ChatTurn("assistant", question.answer)), phantom.modality))
    return samples


def calibration_hash(samples: Iterable[CalibrationSample]) -> str:
    """Return the SHA-256, in hex, of all texts and pixels; equal samples have equal hashes on every machine."""
    digest = hashlib.sha256()

    def add(part: bytes) -> None:
        # The length first, so that no two sequences of parts run together to the same bytes.
        digest.update(len(part).to_bytes(8, "little") + part)

    for sample in samples:
        add(sample.modality.encode())
        add(len(sample.turns).to_bytes(8, "little"))
        for turn in sample.turns:
            add(turn.role.encode())
            add(turn.text.encode())
            add(len(turn.images).to_bytes(8, "little"))
            for image in turn.images:
                add(np.asarray(image.shape, dtype="<i8").tobytes())
                add(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()
