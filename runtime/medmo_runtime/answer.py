"""An answer: text, findings in the original image's pixels, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from medmo_runtime.generation import FinishReason

PixelBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class AnswerBox:
    """One box of an answer.

    Attributes
    ----------
    raw : tuple of float
        ``(x1, y1, x2, y2)`` as the model wrote them, in the coordinate space of its spec.
    pixels : tuple of float
        The same box in pixels of the original image, not rounded.
    confidence : float or None
        Geometric mean of the model's probabilities of the coordinate tokens: a token probability,
        not a probability of disease.
    marks : tuple of str
        What the parser noticed, for example ``clipped``.
    """

    raw: PixelBox
    pixels: PixelBox
    confidence: float | None
    marks: tuple[str, ...]


@dataclass(frozen=True)
class AnswerFinding:
    """A label and its boxes."""

    label: str
    boxes: tuple[AnswerBox, ...]


@dataclass(frozen=True)
class AnswerImage:
    """The image asked about: its own size and the size the model saw, in pixels."""

    width: int
    height: int
    model_width: int
    model_height: int
    sha256: str


@dataclass(frozen=True)
class AnswerArtifact:
    """The artifact that answered."""

    path: str
    id: str
    method: str
    bits_per_weight: float


@dataclass(frozen=True)
class AnswerBackend:
    """The backend that answered, why it was chosen, and what was given up so that the model fits, in words."""

    name: str
    device: str
    reason: str
    given_up: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerStats:
    """What the answer cost; times in seconds, ``decode_tokens_per_s`` None below two tokens."""

    load_s: float
    vision_s: float
    prefill_s: float
    prompt_tokens: int
    image_tokens: int
    cached_tokens: int
    new_tokens: int
    decode_tokens_per_s: float | None
    peak_memory_bytes: int
    finish_reason: FinishReason


@dataclass(frozen=True)
class Answer:
    """One answer (the object that ``medmo ask --json`` prints).

    ``image`` is the first image, to which the boxes belong; None for a question without an image.
    """

    text: str
    findings: tuple[AnswerFinding, ...]
    marks: tuple[str, ...]
    image: AnswerImage | None
    artifact: AnswerArtifact
    backend: AnswerBackend
    stats: AnswerStats

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON-ready values."""
        return asdict(self)


def read_answer(values: Mapping[str, Any]) -> Answer:
    """Undo `Answer.to_json`, also after a way through JSON, which knows no tuples."""
    image = values["image"]
    backend = values["backend"]
    return Answer(
        text=values["text"],
        findings=tuple(
            AnswerFinding(finding["label"], tuple(_read_box(box) for box in finding["boxes"]))
            for finding in values["findings"]
        ),
        marks=tuple(values["marks"]),
        image=None if image is None else AnswerImage(**image),
        artifact=AnswerArtifact(**values["artifact"]),
        backend=AnswerBackend(**{**backend, "given_up": tuple(backend["given_up"])}),
        stats=AnswerStats(**values["stats"]),
    )


def _read_box(values: Mapping[str, Any]) -> AnswerBox:
    return AnswerBox(_four(values["raw"]), _four(values["pixels"]), values["confidence"], tuple(values["marks"]))


def _four(values: Sequence[float]) -> PixelBox:
    x1, y1, x2, y2 = values
    return x1, y1, x2, y2
