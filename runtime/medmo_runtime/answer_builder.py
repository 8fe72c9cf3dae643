"""From generated text to an answer: findings in pixels of the original image, and token probabilities of boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from medmo_models.coordinates import CoordinateSpace
from medmo_models.imaging import LoadedImage
from medmo_runtime.answer import AnswerBox, AnswerFinding, AnswerImage
from medmo_runtime.generation import GeneratedToken
from medmo_runtime.grounding import Box, Grounding, parse_grounding, to_pixels
from medmo_runtime.streaming import TextStream


def read_findings(
    stream: TextStream,
    tokens: Sequence[GeneratedToken],
    space: CoordinateSpace,
    subject: LoadedImage | None,
    model_size: tuple[int, int] | None,
) -> tuple[AnswerImage | None, tuple[AnswerFinding, ...], tuple[str, ...]]:
    """Return the image that the boxes belong to, the findings and the marks of an answer.

    Parameters
    ----------
    stream : TextStream
        The whole answer.
    tokens : sequence of GeneratedToken
    space : str
        Of the coordinates that the model writes.
    subject : LoadedImage, optional
        The image asked about; without one there are no findings.
    model_size : tuple of int, optional
        Its ``(width, height)`` in pixels as the model saw it.
    """
    grounding = parse_grounding(stream.text, coordinate_space=space)
    if subject is None or model_size is None:
        return None, (), grounding.marks
    image = AnswerImage(subject.width, subject.height, *model_size, subject.sha256)
    return image, _findings(grounding, image, tokens, stream), grounding.marks


def _findings(
    grounding: Grounding, image: AnswerImage, tokens: Sequence[GeneratedToken], stream: TextStream
) -> tuple[AnswerFinding, ...]:
    def answer_box(box: Box) -> AnswerBox:
        pixels = to_pixels(
            box, image.width, image.height, model_width=image.model_width, model_height=image.model_height
        )
        return AnswerBox(box.raw, pixels, _confidence(box, tokens, stream), box.marks)

    return tuple(
        AnswerFinding(finding.label, tuple(answer_box(box) for box in finding.boxes)) for finding in grounding.findings
    )


def _confidence(box: Box, tokens: Sequence[GeneratedToken], stream: TextStream) -> float | None:
    """Return the geometric mean of the probabilities of the tokens that hold the box's digits."""
    start, end = box.span
    logs = []
    for index in stream.tokens_in(start, end):
        text = stream.text[stream.ends[index - 1] if index else 0 : stream.ends[index]]
        if any(character.isdigit() for character in text):
            logs.append(math.log(max(tokens[index].probability, 1e-12)))
    return math.exp(sum(logs) / len(logs)) if logs else None
