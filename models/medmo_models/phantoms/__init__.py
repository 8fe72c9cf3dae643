"""Generated medical-looking images with exact ground truth (not patient data)."""

from medmo_models.phantoms.generate import generate_phantoms, make_phantom
from medmo_models.phantoms.questions import Question, presence_question, questions_for
from medmo_models.phantoms.scene import LABELS, MODALITIES, Finding, Phantom

__all__ = [
    "LABELS",
    "MODALITIES",
    "Finding",
    "Phantom",
    "Question",
    "generate_phantoms",
    "make_phantom",
    "presence_question",
    "questions_for",
]
