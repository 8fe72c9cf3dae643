"""What a prompt shares with the last one is not computed again, and the answer is the same as without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medmo_models.artifact import Artifact
from medmo_models.imaging import LoadedImage, image_from_pixels
from medmo_models.networks.onnx.network import EncodedImage, OnnxNetwork
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.answer import Answer
from medmo_runtime.backends.onnx.encoded_images import EncodedImages
from medmo_runtime.backends.onnx.model import OnnxModel
from medmo_runtime.conversation import Turn
from medmo_runtime.session import Session


@pytest.fixture
def artifact(tiny_onnx: Artifact) -> Artifact:
    return tiny_onnx


@pytest.fixture(params=["onnx", "openvino"])
def session(artifact: Artifact, request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session.open([artifact], dtype="float32", backend=request.param) as opened:
        yield opened


def image(index: int) -> LoadedImage:
    pixels = make_phantom(31, index).pixels[:224, :224]
    return image_from_pixels(np.ascontiguousarray(pixels))


def same(first: Answer, second: Answer) -> bool:
    """Compare text and boxes; probabilities may differ in their last digits."""
    boxes = [[box.pixels for finding in answer.findings for box in finding.boxes] for answer in (first, second)]
    return first.text == second.text and boxes[0] == boxes[1]


def alone(artifact: Artifact, *arguments: Any, **options: Any) -> Answer:
    with Session.open([artifact], dtype="float32", backend="onnx") as fresh:
        return fresh.ask(*arguments, **options)


def count_encodings(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    assert isinstance(session.model, OnnxModel)
    network, calls = session.model.network, []
    encode = network.encode_image

    def counted(pixels: np.ndarray, grid: np.ndarray) -> EncodedImage:
        calls.append(len(pixels))
        return encode(pixels, grid)

    monkeypatch.setattr(network, "encode_image", counted)
    return calls


def test_the_next_question_on_an_image_skips_it(artifact: Artifact, session: Session) -> None:
    first = session.ask([image(0)], LOCALIZE_PROMPT)
    second = session.ask([image(0)], REPORT_PROMPT)
    assert first.stats.cached_tokens == 0
    assert second.stats.cached_tokens >= second.stats.image_tokens
    assert same(second, alone(artifact, [image(0)], REPORT_PROMPT))
    again = session.ask([image(0)], REPORT_PROMPT)
    assert again.stats.cached_tokens == again.stats.prompt_tokens - 1
    assert same(again, second)


def test_another_image_of_the_same_size_is_not_taken_for_the_first(artifact: Artifact, session: Session) -> None:
    first = session.ask([image(0)], LOCALIZE_PROMPT)
    second = session.ask([image(1)], LOCALIZE_PROMPT)
    assert second.stats.cached_tokens < second.stats.prompt_tokens - second.stats.image_tokens
    assert same(second, alone(artifact, [image(1)], LOCALIZE_PROMPT))
    assert not same(first, second)


def test_a_conversation_keeps_what_was_said(artifact: Artifact, session: Session) -> None:
    history: list[Turn] = []
    picture, before = image(2), 0
    for turn, prompt in enumerate((REPORT_PROMPT, LOCALIZE_PROMPT, "Is there a nodule? Answer yes or no.") * 3):
        shown = [picture] if turn == 0 else []
        answer = session.ask(shown, prompt, history=history)
        assert same(answer, alone(artifact, shown, prompt, history=history))
        if turn:
            assert answer.stats.cached_tokens > before
        before = answer.stats.prompt_tokens
        history += [Turn("user", prompt, tuple(shown)), Turn("assistant", answer.text)]


def test_of_two_images_only_the_new_one_is_encoded(
    artifact: Artifact, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.ask([image(0), image(1)], REPORT_PROMPT)
    calls = count_encodings(session, monkeypatch)
    answer = session.ask([image(0), image(2)], REPORT_PROMPT)
    assert len(calls) == 1
    assert same(answer, alone(artifact, [image(0), image(2)], REPORT_PROMPT))


def test_after_a_cancelled_answer_the_next_is_right(artifact: Artifact, session: Session) -> None:
    session.ask([image(0)], REPORT_PROMPT, on_text=lambda _: False)
    assert same(session.ask([image(0)], REPORT_PROMPT), alone(artifact, [image(0)], REPORT_PROMPT))
    shorter = session.ask([], "What?")
    assert same(shorter, alone(artifact, [], "What?"))


def test_a_prepared_image_is_not_encoded_again(
    artifact: Artifact, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_encodings(session, monkeypatch)
    session.prepare([image(0)])
    assert len(calls) == 1
    answer = session.ask([image(0)], LOCALIZE_PROMPT)
    assert len(calls) == 1
    assert answer.stats.cached_tokens >= answer.stats.image_tokens
    assert same(answer, alone(artifact, [image(0)], LOCALIZE_PROMPT))
    session.prepare([])
    assert same(session.ask([image(0)], LOCALIZE_PROMPT), answer)


def test_a_closed_model_says_so(artifact: Artifact) -> None:
    with Session.open([artifact]) as opened:
        opened.ask([], "What?", max_new_tokens=1)
    with pytest.raises(RuntimeError, match="closed"):
        opened.ask([], "What?")


def made(value: float) -> EncodedImage:
    return EncodedImage(np.full((4, 8), value, np.float32), np.full((2, 4, 8), value, np.float32))


def refuse() -> EncodedImage:
    raise AssertionError("encoded although it was kept")


def test_encoded_images_are_kept_on_disk_only_where_asked(tmp_path: Path) -> None:
    digest = bytes(range(32))
    folder = tmp_path / "encoded"
    EncodedImages(None, "model").get(digest, lambda: made(1.0))
    assert not folder.exists()
    EncodedImages(folder, "model").get(digest, lambda: made(1.0))
    assert (folder / "model").stat().st_mode & 0o077 == 0
    kept = EncodedImages(folder, "model").get(digest, refuse)
    np.testing.assert_array_equal(kept.deepstack, made(1.0).deepstack)
    assert EncodedImages(folder, "other").get(digest, lambda: made(2.0)).features[0, 0] == 2.0
    (file,) = (folder / "model").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert EncodedImages(folder, "model").get(digest, lambda: made(3.0)).features[0, 0] == 3.0
    assert EncodedImages(folder, "model").get(digest, refuse).features[0, 0] == 3.0


def test_a_session_keeps_encoded_images_where_it_is_told(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for expected in (1, 0):
        with Session.open([artifact], dtype="float32") as opened:
            opened.keep_encoded_images(tmp_path / "kept")
            calls = count_encodings(opened, monkeypatch)
            answers.append(opened.ask([image(0)], LOCALIZE_PROMPT))
        assert len(calls) == expected
    assert same(*answers)


def test_only_a_few_images_stay_in_memory() -> None:
    images = EncodedImages(None, "model")
    for number in range(9):
        images.get(bytes([number]), lambda: made(0.0))
    images.get(bytes([8]), refuse)
    assert images.get(bytes([0]), lambda: made(5.0)).features[0, 0] == 5.0


def test_a_missing_graph_is_one_sentence(artifact: Artifact, tmp_path: Path) -> None:
    from medmo_models.errors import InputError

    for name in ("config.json", "generation_config.json"):
        (tmp_path / name).write_bytes((artifact.path / name).read_bytes())
    with pytest.raises(InputError, match=r"embedding.onnx is missing"):
        OnnxNetwork(tmp_path)
