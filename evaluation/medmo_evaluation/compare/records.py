"""What one model answered to one sample: a line of the records file, from which every figure is computed."""

from __future__ import annotations

from dataclasses import dataclass

from medmo_evaluation.boxes import FloatBox


@dataclass(frozen=True)
class RecordedBox:
    """A box of an answer: label, pixels of the original image, the numbers as written, and token confidence."""

    label: str
    box: FloatBox
    raw: FloatBox
    confidence: float | None


@dataclass(frozen=True)
class TokenRecord:
    """Teacher-forced figures of one sample, one entry per token of the reference's own answer.

    Attributes
    ----------
    kld : tuple of float
        Sum over the vocabulary of p (ln p - ln q) in nats; p is the reference.
    reference_probability, probability : tuple of float
        Of the label token, by the reference and by this model.
    reference_confidence : tuple of float
        The reference's largest probability.
    same_top1 : tuple of bool
        Whether the most probable tokens agree.
    """

    kld: tuple[float, ...]
    reference_probability: tuple[float, ...]
    probability: tuple[float, ...]
    reference_confidence: tuple[float, ...]
    same_top1: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class SampleRecord:
    """One model's answer to one sample and what it cost.

    ``tokens`` is None where the reference's answer is empty; ``marks`` and ``finish_reason`` are the runtime's.
    ``image_size`` and ``model_size`` are width and height of the first image and of what the model saw of it.
    ``reused`` says that the image was in the KV cache already, so that ``vision_s`` and ``prefill_s`` do not count.
    Times in seconds; ``decode_tokens_per_s`` None below two tokens.
    """

    sample_id: str
    text: str
    boxes: tuple[RecordedBox, ...]
    marks: tuple[str, ...]
    finish_reason: str
    image_size: tuple[int, int] | None
    model_size: tuple[int, int] | None
    reused: bool
    new_tokens: int
    vision_s: float
    prefill_s: float
    decode_tokens_per_s: float | None
    peak_memory_bytes: int
    tokens: TokenRecord | None
