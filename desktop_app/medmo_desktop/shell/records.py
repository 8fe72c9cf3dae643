"""From an answer on screen to the record that history and exports keep, and back. Free of Qt's widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from medmo_desktop.asking.conversations import AnsweredTurn
from medmo_desktop.asking.requests import AskRequest, AskResult, ImageChoice, read_image
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.record import CaseImage, CaseRecord, describe_image, make_drawn_record, make_record
from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.rendering import frame_image
from medmo_models.artifact import open_model
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage
from medmo_runtime.conversation import Turn
from medmo_runtime.worker.protocol import Opened

#: Where an image came from, by the SHA-256 of its file: its path, and the window's center and width if one was chosen.
Origins = Mapping[tuple[str, int], tuple[Path, tuple[float, float] | None]]


def turn_record(turn: AnsweredTurn, origins: Origins) -> CaseRecord:
    """Return the record of a turn of this session; it reads the model's manifest, so not for the windows' thread.

    Its id is the question's.
    """
    result = turn.result

    def describe(image: LoadedImage) -> CaseImage:
        path, window = origins.get((image.sha256, image.frame), (None, None))
        return describe_image(image, window=window, path=path)

    record = make_record(
        [*result.request.history, Turn("user", result.request.prompt, result.images)],
        result.answer,
        result.opened,
        spec_id=open_model(Path(result.opened.artifact)).spec.id,
        boxes=turn.boxes,
        tokens=result.tokens or None,
        max_new_tokens=result.request.max_new_tokens,
        describe=describe,
    )
    return replace(record, id=result.request.id)


@dataclass(frozen=True, eq=False)
class DrawnBoxes:
    """Boxes that were drawn on an image without a question."""

    image: ImageChoice
    boxes: BoxSet


def drawn_record(drawn: DrawnBoxes, origins: Origins) -> CaseRecord:
    """Return the record of drawn boxes; it renders the image, so not for the windows' thread."""
    image = read_image(drawn.image.source)
    path, window = origins.get((image.sha256, image.frame), (None, None))
    return make_drawn_record(describe_image(image, window=window, path=path), drawn.boxes)


def earlier_turn(record: CaseRecord, subject: str) -> AnsweredTurn:
    """Return a record of the history as a turn that can be shown, about the image with the id ``subject``.

    The record must have an answer.
    """
    model, answer = record.model, record.answer
    assert model is not None
    assert answer is not None
    backend = answer.backend
    opened = Opened(
        artifact=answer.artifact.path,
        method=model.method,
        backend=model.backend,
        device=model.device,
        dtype=model.dtype,
        reason=backend.reason,
        key="",
        given_up=backend.given_up,
        predicted_bytes=None,
        load_s=answer.stats.load_s,
        candidates=(),
    )
    request = AskRequest(record.prompt, max_new_tokens=record.max_new_tokens, subject=subject, id=record.id)
    return AnsweredTurn(AskResult(request, (), answer, opened, (), record.tokens or ()), record.boxes, is_earlier=True)


def record_images(record: CaseRecord, result: AskResult) -> tuple[LoadedImage, ...]:
    """Return the images of a record with the pixels that the model was given.

    Raises
    ------
    InputError
        If a file is no longer where it was.
    """
    told = [*(image for turn in result.request.history for image in turn.images), *result.images]
    if len(told) == len(record.images):
        return tuple(told)
    return tuple(_read_again(image) for image in record.images)


def _read_again(image: CaseImage) -> LoadedImage:
    if image.path is None:
        raise InputError("The history does not say where this answer's image is; ask again and export then.")
    return frame_image(read_frame(FrameReference(Path(image.path), image.frame)), image.window)
