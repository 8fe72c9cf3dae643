"""One question and what comes back, as plain data free of Qt."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from medmo_models.imaging import LoadedImage
from medmo_models.seen_image import SeenImage
from medmo_runtime.answer import Answer
from medmo_runtime.conversation import Turn
from medmo_runtime.worker import OpenRequest
from medmo_runtime.worker.protocol import Opened

#: An image, or what makes it; it is called in the thread of the model, never in that of the windows.
ImageSource = LoadedImage | Callable[[], LoadedImage]

#: The phases of an answer in their order, as `PhaseTime` names them.
PHASES = ("load", "read", "vision", "prefill", "decode")


def new_id() -> str:
    """Return a name for a question, different each time."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class ImageChoice:
    """An image that may go along with a question.

    Attributes
    ----------
    id : str
        Names file and frame.
    title : str
        For the person; may hold patient data, so it is for the screen only.
    width, height : int
        Of the image as shown, in pixels.
    source : ImageSource
    rendering : str
        Names window and whatever else changes the pixels: another rendering is another image for the model.
    """

    id: str
    title: str
    width: int
    height: int
    source: ImageSource
    rendering: str = ""

    @property
    def key(self) -> str:
        """Names what is seen."""
        return f"{self.id}|{self.rendering}"


@dataclass(frozen=True, eq=False)
class AskRequest:
    """One question.

    Attributes
    ----------
    prompt : str
    images : tuple of ImageChoice
        Those that are new with this question; boxes of the answer belong to the first one, without any to the first
        image of the last turn that had some.
    history : tuple of Turn
        What was said before.
    max_new_tokens : int
    subject : str
        Id of the image that boxes belong to, so that an answer finds its image also after another is shown.
    id : str
    """

    prompt: str
    images: tuple[ImageChoice, ...] = ()
    history: tuple[Turn, ...] = ()
    max_new_tokens: int = 512
    subject: str = ""
    id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class PhaseTime:
    """How long one phase took, in seconds, as the viewer saw it."""

    name: str
    seconds: float


@dataclass(frozen=True, eq=False)
class AskResult:
    """An answer and what it was an answer to.

    Attributes
    ----------
    request : AskRequest
    images : tuple of LoadedImage
        What the sources of ``request.images`` gave.
    answer : Answer
        ``answer.stats.finish_reason`` is ``cancelled`` if the user stopped it.
    opened : Opened
        The model that answered.
    phases : tuple of PhaseTime
        In order; a phase that did not happen is missing.
    tokens : tuple of int
        Ids of the answer's tokens, without the one that ends it.
    """

    request: AskRequest
    images: tuple[LoadedImage, ...]
    answer: Answer
    opened: Opened
    phases: tuple[PhaseTime, ...]
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class SeenImages:
    """The images of a request as they are, and as the model is given them."""

    request: AskRequest
    images: tuple[LoadedImage, ...]
    seen: tuple[SeenImage, ...]


@dataclass(frozen=True)
class Failure:
    """Why a question or the opening of a model failed, in one sentence, and whether trying again makes sense."""

    sentence: str
    can_retry: bool


def read_image(source: ImageSource) -> LoadedImage:
    """Return the image of a source."""
    return source if isinstance(source, LoadedImage) else source()


__all__ = [
    "PHASES",
    "AskRequest",
    "AskResult",
    "Failure",
    "ImageChoice",
    "ImageSource",
    "OpenRequest",
    "Opened",
    "PhaseTime",
    "SeenImages",
    "new_id",
    "read_image",
]
