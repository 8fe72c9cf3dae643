"""Questions about a phantom and their true answers: localize, closed VQA, short report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medmo_models.phantoms.scene import LABELS, MODALITIES, Phantom
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT

_NUMBER_WORDS = ("no", "one", "two", "three")
#: A finding's centre must be this far from the middle before its side is asked for.
_CLEAR_SIDE = 0.08


@dataclass(frozen=True)
class Question:
    """A prompt with its true answer.

    Attributes
    ----------
    task : str
        ``localize``, ``report`` or a closed VQA kind: ``presence``, ``side``, ``count``, ``modality``.
    prompt, answer : str
    """

    task: str
    prompt: str
    answer: str

    @property
    def is_vqa(self) -> bool:
        """Whether this is a closed question scored by exact match."""
        return self.task not in ("localize", "report")


def _counts(phantom: Phantom) -> dict[str, int]:
    return {label: sum(finding.label == label for finding in phantom.findings) for label in LABELS[phantom.modality]}


def report_text(phantom: Phantom) -> str:
    """Return the true short report: what the image is, what it shows, an impression."""
    parts = []
    for label, count in _counts(phantom).items():
        if count:
            parts.append(f"{_NUMBER_WORDS[count]} {label.lower()}{'s' if count > 1 else ''}")
    kind = f"{phantom.modality[0].upper()}{phantom.modality[1:]}."
    if not parts:
        return f"{kind} Findings: none. Impression: normal."
    return f"{kind} Findings: {', '.join(parts)}. Impression: abnormal."


def presence_question(phantom: Phantom, label: str) -> Question:
    """Ask whether ``label`` is in the image."""
    answer = "yes" if _counts(phantom)[label] else "no"
    article = "an" if label[0] in "AEIOU" else "a"
    prompt = f"Is there {article} {label.lower()} in this image? Answer yes or no."
    return Question("presence", prompt, answer)


def side_questions(phantom: Phantom) -> list[Question]:
    """Ask for the side of the image of each finding that is the only one of its label and clearly on one side."""
    questions = []
    counts = _counts(phantom)
    for finding in phantom.findings:
        middle = (finding.box[0] + finding.box[2]) / 2
        if counts[finding.label] == 1 and abs(middle - 0.5) > _CLEAR_SIDE:
            prompt = f"On which side of the image is the {finding.label.lower()}? Answer left or right."
            questions.append(Question("side", prompt, "left" if middle < 0.5 else "right"))
    return questions


def questions_for(phantom: Phantom, rng: np.random.Generator) -> list[Question]:
    """Return the questions of one phantom.

    Parameters
    ----------
    phantom : Phantom
    rng : numpy.random.Generator
        Chooses which finding is asked about.

    Returns
    -------
    list of Question
        Localize, report, then presence, count, modality and, where it has a clear answer, side.
    """
    labels = LABELS[phantom.modality]
    asked = labels[int(rng.integers(len(labels)))]
    questions = [
        Question("localize", LOCALIZE_PROMPT, phantom.grounding_answer()),
        Question("report", REPORT_PROMPT, report_text(phantom)),
        presence_question(phantom, asked),
        Question(
            "count",
            "How many findings are visible in this image? Answer with a number.",
            str(len(phantom.findings)),
        ),
        Question(
            "modality",
            f"What kind of image is this? Answer {', '.join(MODALITIES[:-1])} or {MODALITIES[-1]}.",
            phantom.modality,
        ),
    ]
    sides = side_questions(phantom)
    if sides:
        questions.append(sides[int(rng.integers(len(sides)))])
    return questions
