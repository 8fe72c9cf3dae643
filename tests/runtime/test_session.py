from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from medmo_models.artifact import open_model
from medmo_models.imaging import LoadedImage, image_from_pixels
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import Phantom, make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.conversation import Turn
from medmo_runtime.generation import GeneratedToken
from medmo_runtime.session import Session


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session.open([open_model(embedded_model_path())], backend="reference") as opened:
        yield opened


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return next(p for p in (make_phantom(31, i) for i in range(99)) if len(p.findings) == 1 and p.pixels.shape[0] < 300)


@pytest.fixture(scope="module")
def image(phantom: Phantom) -> LoadedImage:
    return image_from_pixels(phantom.pixels)


def test_the_streamed_pieces_are_the_answer_and_the_phases_come_in_order(session: Session, image: LoadedImage) -> None:
    pieces: list[str] = []
    phases: list[str] = []

    def receive(piece: str) -> bool:
        pieces.append(piece)
        return True

    answer = session.ask([image], LOCALIZE_PROMPT, on_text=receive, on_phase=phases.append)
    assert "".join(pieces) == answer.text
    assert len(pieces) > 5
    assert phases == ["vision", "prefill", "decode"]
    assert answer.stats.finish_reason == "stop"
    assert answer.marks == ()


def test_the_same_question_gets_the_same_answer(session: Session, image: LoadedImage) -> None:
    first, second = (session.ask([image], LOCALIZE_PROMPT) for _ in range(2))
    assert (first.text, first.findings) == (second.text, second.findings)


def test_cancelling_stops_before_the_next_token(session: Session, image: LoadedImage) -> None:
    seen: list[str] = []

    def stop_after_three(piece: str) -> bool:
        seen.append(piece)
        return len(seen) < 3

    answer = session.ask([image], LOCALIZE_PROMPT, on_text=stop_after_three)
    assert answer.stats.finish_reason == "cancelled"
    assert answer.stats.new_tokens == 3
    assert answer.text == "".join(seen)


def test_an_answer_cut_in_a_box_says_so(session: Session, image: LoadedImage) -> None:
    whole = session.ask([image], LOCALIZE_PROMPT)
    answer = session.ask([image], LOCALIZE_PROMPT, max_new_tokens=whole.stats.new_tokens - 8)
    assert answer.stats.finish_reason == "length"
    assert "truncated" in answer.marks


def test_a_question_without_an_image_and_one_with_two(session: Session, image: LoadedImage) -> None:
    none = session.ask([], "What is this?", max_new_tokens=4)
    assert none.image is None
    assert none.stats.image_tokens == 0
    one = session.ask([image], "What is this?", max_new_tokens=4)
    two = session.ask([image, image], "What is this?", max_new_tokens=4)
    assert two.stats.image_tokens == 2 * one.stats.image_tokens
    assert two.image == one.image


def test_earlier_turns_are_read(session: Session, image: LoadedImage) -> None:
    question = Turn("user", "Write a short report for this image.", (image,))
    history = [question, Turn("assistant", "CT slice. Findings: none. Impression: normal.")]
    alone = session.ask([], LOCALIZE_PROMPT, max_new_tokens=1)
    continued = session.ask([], LOCALIZE_PROMPT, history=history, max_new_tokens=1)
    assert continued.stats.prompt_tokens > alone.stats.prompt_tokens + continued.stats.image_tokens
    assert continued.stats.image_tokens > 0


def test_confidence_is_the_geometric_mean_of_the_digits_probabilities(session: Session, image: LoadedImage) -> None:
    tokens: list[GeneratedToken] = []
    generate = session.model.generate

    def recording(prompt, limit, on_token=None, on_phase=None, stop=None):  # type: ignore[no-untyped-def]
        generation = generate(prompt, limit, on_token, on_phase, stop)
        tokens.extend(generation.tokens)
        return generation

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session.model, "generate", recording)
        answer = session.ask([image], LOCALIZE_PROMPT)
    boxes = [box for finding in answer.findings for box in finding.boxes]
    assert len(boxes) == 1
    decoder = session.preparer.tokenizer  # type: ignore[attr-defined]
    digits = [token.probability for token in tokens if decoder.decode([token.id]).isdigit()]
    assert len(digits) == 12
    assert boxes[0].confidence == pytest.approx(float(np.exp(np.mean(np.log(digits)))))


def test_the_embedded_model_still_finds_most_large_findings(session: Session) -> None:
    """A floor well under the model card's figure: what it catches is a runtime or a model that is broken."""
    found = 0
    phantoms = [p for p in (make_phantom(7, i) for i in range(60)) if p.findings and not p.findings[0].is_small][:20]
    for phantom in phantoms:
        answer = session.ask([image_from_pixels(phantom.pixels)], LOCALIZE_PROMPT)
        height, width = phantom.pixels.shape[:2]
        x1, y1, x2, y2 = phantom.findings[0].box
        middle = ((x1 + x2) / 2 * width, (y1 + y2) / 2 * height)
        found += any(
            finding.label == phantom.findings[0].label
            and box.pixels[0] < middle[0] < box.pixels[2]
            and box.pixels[1] < middle[1] < box.pixels[3]
            for finding in answer.findings
            for box in finding.boxes
        )
    assert found >= 14
