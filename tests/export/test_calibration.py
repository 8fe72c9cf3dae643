"""Calibration samples: reproducible, answered truly, told apart by their hash."""

from __future__ import annotations

import dataclasses

import numpy as np

from medmo_export.calibration import CalibrationSample, calibration_hash, phantom_calibration
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn
from medmo_models.prompts import LOCALIZE_PROMPT


def test_samples_are_phantoms_with_their_true_answers() -> None:
    samples = phantom_calibration(6, seed=3)
    for index, sample in enumerate(samples):
        phantom = make_phantom(3, index)
        question, answer = sample.turns
        assert (question.role, answer.role) == ("user", "assistant")
        assert np.array_equal(question.images[0], phantom.pixels)
        assert sample.modality == phantom.modality
        if question.text == LOCALIZE_PROMPT:
            assert answer.text == phantom.grounding_answer()
    assert [sample.turns[0].text == LOCALIZE_PROMPT for sample in samples] == [True, False] * 3


def test_the_hash_is_the_same_in_every_process() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    sample = CalibrationSample((ChatTurn("user", "Where?", (pixels,)), ChatTurn("assistant", "Left")), "CT slice")
    assert calibration_hash([sample]) == "9c2c6b350a4a7481173f3cdfa8c51b25eade6e34ba3e66e9b081a7a2ba054ec7"


def test_the_hash_follows_every_part() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    question = ChatTurn("user", "Where?", (pixels,))
    sample = CalibrationSample((question, ChatTurn("assistant", "Left")), "CT slice")
    brighter = dataclasses.replace(question, images=(pixels + 1,))
    turned = dataclasses.replace(question, images=(pixels.reshape(3, 2, 3),))
    shifted = (ChatTurn("user", "Where?L", (pixels,)), ChatTurn("assistant", "eft"))
    variants = [
        [sample],
        [sample, sample],
        [dataclasses.replace(sample, modality="chest X-ray")],
        [dataclasses.replace(sample, turns=shifted)],
        *([dataclasses.replace(sample, turns=(turn, sample.turns[1]))] for turn in (brighter, turned)),
        [dataclasses.replace(sample, turns=(sample.turns[0], ChatTurn("system", "Left")))],
    ]
    assert len({calibration_hash(variant) for variant in variants}) == len(variants)
