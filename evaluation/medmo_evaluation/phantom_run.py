"""Asks a session about generated phantoms and scores boxes and closed questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.grounding_score import ImageScore, score_image
from medmo_models.imaging import image_from_pixels
from medmo_models.phantoms import Phantom, Question, generate_phantoms, questions_for
from medmo_runtime.answer import Answer
from medmo_runtime.session import Session


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question about a phantom, its true answer and the model's."""

    phantom: Phantom
    question: Question
    answer: Answer

    @property
    def correct(self) -> bool:
        """Exact match of a closed answer, without case and a final full stop."""
        return self.answer.text.strip().rstrip(".").casefold() == self.question.answer.casefold()

    def boxes(self) -> list[LabelledBox]:
        """Return the model's boxes in pixels of the phantom."""
        return [LabelledBox(finding.label, box.pixels) for finding in self.answer.findings for box in finding.boxes]

    def score(self) -> ImageScore:
        """Score the boxes against the truth at IoU 0.5."""
        return score_image(self.boxes(), true_boxes(self.phantom))


def true_boxes(phantom: Phantom) -> list[LabelledBox]:
    """Return a phantom's findings with boxes in its pixels."""
    height, width = phantom.pixels.shape[:2]
    return [
        LabelledBox(f.label, (f.box[0] * width, f.box[1] * height, f.box[2] * width, f.box[3] * height))
        for f in phantom.findings
    ]


def ask_phantoms(
    session: Session,
    seed: int,
    count: int,
    tasks: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[AnsweredQuestion]:
    """Ask every question of the chosen tasks about ``count`` phantoms.

    Parameters
    ----------
    session : Session
    seed, count : int
        Which phantoms.
    tasks : sequence of str
        ``localize``, ``report``, ``presence``, ``side``, ``count``, ``modality``.
    progress : callable, optional
        Called with images done and ``count``.
    """
    rng = np.random.default_rng(seed)
    for index, phantom in enumerate(generate_phantoms(seed, count)):
        image = image_from_pixels(phantom.pixels)
        for question in questions_for(phantom, rng):
            if question.task in tasks:
                yield AnsweredQuestion(phantom, question, session.ask([image], question.prompt, max_new_tokens=160))
        if progress is not None:
            progress(index + 1, count)
