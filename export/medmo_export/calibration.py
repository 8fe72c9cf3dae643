"""Calibration samples: conversations with images and true answers, on which a quantizer measures activations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

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
