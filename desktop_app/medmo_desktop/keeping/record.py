"""One question, its answer and everything that decided it, or boxes that a user drew without one.

This is what the history keeps and a case file carries.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.typed_json import read_dataclass
from medmo_models import __version__
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage
from medmo_runtime.answer import Answer
from medmo_runtime.conversation import Turn
from medmo_runtime.worker.protocol import Opened

SCHEMA_VERSION = 1

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class CaseImage:
    """An image of a case by its facts, without its pixels.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes.
    pixels_sha256 : str
        Of the RGB bytes that the model was given, row by row: the same file differs under another window.
    width, height : int
        Of the image as shown, in pixels.
    frame, frame_count : int
        As in `LoadedImage`.
    source_format : str
        As in `LoadedImage`.
    window : tuple of float or None
        Center and width that the user chose; None for the file's own.
    notes : tuple of str
        What was done to the stored values; no patient data.
    path : str or None
        Where the file is on this machine: only in the local history.
    """

    sha256: str
    pixels_sha256: str
    width: int
    height: int
    frame: int
    frame_count: int
    source_format: str
    window: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    path: str | None = None


@dataclass(frozen=True)
class CaseTurn:
    """An earlier turn of the conversation; ``images`` are places in `CaseRecord.images`."""

    role: Literal["user", "assistant", "system"]
    text: str
    images: tuple[int, ...] = ()


@dataclass(frozen=True)
class CaseModel:
    """What answered: the artifact by its id (SHA-256 over its content) and where it ran."""

    id: str
    method: str
    spec_id: str
    backend: str
    device: str
    dtype: str


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One question with its answer and all that a replay needs but the pixels; or boxes drawn without a question.

    Attributes
    ----------
    id : str
        32 hexadecimal digits: random, but for boxes without a question made of the image, which has one such record.
    time : str
        ISO 8601, UTC.
    medmo_version : str
    images : tuple of CaseImage
        All images of the conversation, in order.
    history : tuple of CaseTurn
        Earlier turns.
    prompt : str
    prompt_images : tuple of int
        Places in ``images`` of those that came with the question.
    model : CaseModel or None
        None, as ``answer``, where nobody was asked.
    preprocessing : {"standard", "readme"}
    max_pixels : int or None
        Largest area that an image was resized to; None for the model's own limit.
    max_new_tokens : int
    seed : int
        Answers are greedy: always 0.
    answer : Answer or None
    tokens : tuple of int or None
        The answer's token ids, where the runtime told them.
    boxes : BoxSet
        As they are now: the model's, and what the user made of them.
    """

    id: str
    time: str
    medmo_version: str
    images: tuple[CaseImage, ...]
    history: tuple[CaseTurn, ...]
    prompt: str
    prompt_images: tuple[int, ...]
    model: CaseModel | None
    preprocessing: Literal["standard", "readme"]
    max_pixels: int | None
    max_new_tokens: int
    seed: int = 0
    answer: Answer | None
    tokens: tuple[int, ...] | None = None
    boxes: BoxSet = field(default_factory=BoxSet)
    schema_version: int = SCHEMA_VERSION

    @property
    def subject(self) -> CaseImage | None:
        """The image that the boxes belong to: the first one of the last turn that has any."""
        for places in (self.prompt_images, *(turn.images for turn in reversed(self.history))):
            if places:
                return self.images[places[0]]
        return None

    def without_paths(self) -> CaseRecord:
        """Return the record as it may leave this machine: the model's folder by its name alone, no image's path."""
        images = tuple(replace(image, path=None) for image in self.images)
        if self.answer is None:
            return replace(self, images=images)
        artifact = replace(self.answer.artifact, path=Path(self.answer.artifact.path).name)
        return replace(self, images=images, answer=replace(self.answer, artifact=artifact))

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return asdict(self) | {"boxes": boxes_to_json(self.boxes)}


def boxes_to_json(boxes: BoxSet) -> list[dict[str, Any]]:
    """Return boxes as JSON-ready values."""
    return [asdict(box) for box in boxes]


def read_record(values: Mapping[str, Any], where: str) -> CaseRecord:
    """Undo `CaseRecord.to_json`, strictly.

    Parameters
    ----------
    values : mapping
        A parsed JSON object.
    where : str
        The file, for error texts.

    Raises
    ------
    InputError
        Naming the key that is missing, unknown, wrongly typed or out of range, or the unknown schema version.
    """
    version = values.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{where} has schema version {version!r:.20}; this medmo reads {SCHEMA_VERSION}. Update medmo."
        )
    record = read_dataclass(CaseRecord, {**values, "boxes": {"boxes": values.get("boxes", [])}}, where)
    _check(record, where)
    return record


def _check(record: CaseRecord, where: str) -> None:
    if not _ID.fullmatch(record.id):
        raise InputError(f'{where}: "id" must be 32 lower-case hexadecimal digits.')
    try:
        datetime.fromisoformat(record.time)
    except ValueError:
        raise InputError(f'{where}: "time" must be an ISO 8601 time such as 2026-01-31T12:00:00+00:00.') from None
    if (record.model is None) != (record.answer is None):
        raise InputError(f'{where}: "model" and "answer" must both be there, or both be null.')
    for place, image in enumerate(record.images):
        if not (_SHA256.fullmatch(image.sha256) and _SHA256.fullmatch(image.pixels_sha256)):
            raise InputError(f'{where}: "images.{place}" must have SHA-256 hashes of 64 lower-case hexadecimal digits.')
        if min(image.width, image.height, image.frame_count) < 1 or image.frame < 0:
            raise InputError(f'{where}: "images.{place}" has a size or a frame that no image can have.')
    places = [*record.prompt_images, *(place for turn in record.history for place in turn.images)]
    if any(not 0 <= place < len(record.images) for place in places):
        raise InputError(f'{where}: a turn names an image that "images" does not have.')
    if record.max_new_tokens < 1 or (record.max_pixels is not None and record.max_pixels < 1) or record.seed != 0:
        raise InputError(f'{where}: "max_new_tokens", "max_pixels" or "seed" is out of range.')
    for box in record.boxes:
        x1, y1, x2, y2 = box.pixels
        if x1 > x2 or y1 > y2:
            raise InputError(f'{where}: the box "{box.id:.40}" has its corners in the wrong order.')


def pixels_sha256(pixels: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of RGB pixels, shape (height, width, 3), row by row."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def describe_image(
    image: LoadedImage, *, window: tuple[float, float] | None = None, path: Path | None = None
) -> CaseImage:
    """Return an image's facts; ``window`` (center, width) if the user chose one, ``path`` for the local history."""
    return CaseImage(
        sha256=image.sha256,
        pixels_sha256=pixels_sha256(image.pixels),
        width=image.width,
        height=image.height,
        frame=image.frame,
        frame_count=image.frame_count,
        source_format=image.source_format,
        window=window,
        notes=image.notes,
        path=None if path is None else str(path),
    )


def describe_model(answer: Answer, opened: Opened) -> CaseModel:
    """Return what answered."""
    return CaseModel(
        id=answer.artifact.id,
        method=answer.artifact.method,
        spec_id=opened.spec_id,
        backend=answer.backend.name,
        device=answer.backend.device,
        dtype=opened.dtype,
    )


def make_record(
    turns: Sequence[Turn],
    answer: Answer,
    opened: Opened,
    *,
    boxes: BoxSet,
    spec_id: str | None = None,
    tokens: Iterable[int] | None = None,
    preprocessing: Literal["standard", "readme"] = "standard",
    max_pixels: int | None = None,
    max_new_tokens: int = 512,
    describe: Callable[[LoadedImage], CaseImage] = describe_image,
) -> CaseRecord:
    """Return the record of an answer that was just given.

    Parameters
    ----------
    turns : sequence of Turn
        The conversation; the last turn is the question.
    answer : Answer
    opened : Opened
        What was loaded.
    boxes : BoxSet
    spec_id : str, optional
        Of the artifact's manifest, where ``opened`` does not tell.
    tokens : iterable of int, optional
    preprocessing, max_pixels, max_new_tokens
        As the session was opened and asked.
    describe : callable
        Gives an image's facts, with path and window where the caller knows them.
    """
    images: list[CaseImage] = []
    kept: list[CaseTurn] = []
    for turn in turns:
        start = len(images)
        images += [describe(image) for image in turn.images]
        kept.append(read_dataclass(CaseTurn, _turn_values(turn, range(start, len(images))), "the conversation"))
    model = describe_model(answer, opened)
    return CaseRecord(
        id=uuid.uuid4().hex,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        medmo_version=__version__,
        images=tuple(images),
        history=tuple(kept[:-1]),
        prompt=kept[-1].text,
        prompt_images=kept[-1].images,
        model=model if spec_id is None else replace(model, spec_id=spec_id),
        preprocessing=preprocessing,
        max_pixels=max_pixels,
        max_new_tokens=max_new_tokens,
        answer=answer,
        tokens=None if tokens is None else tuple(tokens),
        boxes=boxes,
    )


def drawn_record_id(sha256: str, frame: int) -> str:
    """Return the id of the record of boxes that were drawn on a frame without a question."""
    return hashlib.sha256(f"drawn {sha256}:{frame}".encode()).hexdigest()[:32]


def make_drawn_record(image: CaseImage, boxes: BoxSet) -> CaseRecord:
    """Return the record of boxes that a user drew on an image without a question; it has nothing to replay."""
    return CaseRecord(
        id=drawn_record_id(image.sha256, image.frame),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        medmo_version=__version__,
        images=(image,),
        history=(),
        prompt="",
        prompt_images=(0,),
        model=None,
        preprocessing="standard",
        max_pixels=None,
        max_new_tokens=1,
        answer=None,
        boxes=boxes,
    )


def _turn_values(turn: Turn, places: Iterable[int]) -> dict[str, Any]:
    return {"role": turn.role, "text": turn.text, "images": list(places)}
