"""Conversations: turns with images, and who asks them in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from medmo_models.imaging import LoadedImage
from medmo_models.preprocessing import ChatTurn
from medmo_runtime.answer import Answer
from medmo_runtime.generation import PhaseCallback, StopSignal, TextCallback


@dataclass(frozen=True)
class Turn:
    """One turn: ``role`` is ``user``, ``assistant`` or ``system``; the images stand before the text."""

    role: str
    text: str
    images: tuple[LoadedImage, ...] = ()


def chat_turns(turns: Sequence[Turn]) -> list[ChatTurn]:
    """Return the turns as preprocessing takes them."""
    return [ChatTurn(turn.role, turn.text, tuple(image.pixels for image in turn.images)) for turn in turns]


def subject_of(turns: Sequence[Turn]) -> tuple[LoadedImage | None, int]:
    """Return the image that boxes of the next answer belong to, and its number among all images of the conversation.

    It is the first image of the last turn that has any.
    """
    number = sum(len(turn.images) for turn in turns)
    for turn in reversed(turns):
        number -= len(turn.images)
        if turn.images:
            return turn.images[0], number
    return None, 0


class Asker(Protocol):
    """Who answers: a `Session` in this process, or a `WorkerSession` beside it."""

    def ask(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[Turn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Answer:
        """Answer one question."""
        ...


class Conversation:
    """Several questions in a row, each with all that was said before.

    Parameters
    ----------
    asker : Asker
    system : str, optional
        Instructions that stand before the first turn.
    """

    def __init__(self, asker: Asker, system: str | None = None) -> None:
        self._asker = asker
        self.turns: list[Turn] = [] if system is None else [Turn("system", system)]

    def ask(
        self,
        prompt: str,
        images: Sequence[LoadedImage] = (),
        *,
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Answer:
        """Ask the next question; an answer that was cancelled or failed leaves the conversation as it was."""
        answer = self._asker.ask(
            images,
            prompt,
            history=self.turns,
            max_new_tokens=max_new_tokens,
            on_text=on_text,
            on_phase=on_phase,
            stop=stop,
        )
        if answer.stats.finish_reason != "cancelled":
            self.turns += [Turn("user", prompt, tuple(images)), Turn("assistant", answer.text)]
        return answer
