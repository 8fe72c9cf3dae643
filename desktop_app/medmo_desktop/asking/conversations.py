"""What was asked and answered about each image, free of Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from medmo_desktop.asking.requests import AskRequest, AskResult, ImageChoice
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.findings.reading import read_boxes
from medmo_models.coordinates import CoordinateSpace
from medmo_runtime.conversation import Turn


@dataclass(frozen=True, eq=False)
class AnsweredTurn:
    """One question with its answer, and the boxes as the user left them.

    ``is_earlier`` marks a turn of an earlier session: it is shown, and the model is not told of it.
    """

    result: AskResult
    boxes: BoxSet
    is_earlier: bool = False

    @property
    def was_stopped(self) -> bool:
        """Whether the user stopped the answer: the model is not told of it later."""
        return self.result.answer.stats.finish_reason == "cancelled"


class Conversations:
    """The turns of each image, by `ImageChoice.id`, and the boxes that the user drew before any question."""

    def __init__(self) -> None:
        self._turns: dict[str, tuple[AnsweredTurn, ...]] = {}
        self._drawn: dict[str, BoxSet] = {}

    def turns(self, subject: str) -> tuple[AnsweredTurn, ...]:
        """Return the turns about an image since the conversation began."""
        return self._turns.get(subject, ())

    def boxes(self, subject: str, turn: int | None) -> BoxSet:
        """Return the boxes of one turn, or those drawn without one."""
        return self._drawn.get(subject, BoxSet()) if turn is None else self.turns(subject)[turn].boxes

    def join_drawn(self, subject: str, boxes: BoxSet) -> None:
        """Put boxes drawn in earlier sessions before those drawn since."""
        drawn = self.boxes(subject, None)
        known = {box.id for box in drawn}
        self._drawn[subject] = BoxSet((*(box for box in boxes if box.id not in known), *drawn))

    def add(self, subject: str, turn: AnsweredTurn) -> None:
        """Append a turn."""
        self._turns[subject] = (*self.turns(subject), turn)

    def restore(self, subject: str, turns: Sequence[AnsweredTurn]) -> None:
        """Put turns of earlier sessions before those of this one."""
        self._turns[subject] = (*turns, *self.turns(subject))

    def keep_boxes(self, subject: str, turn: int | None, boxes: BoxSet) -> None:
        """Remember the boxes of one turn, or those drawn without one, as they are now."""
        if turn is None:
            self._drawn[subject] = boxes
        else:
            turns = list(self.turns(subject))
            turns[turn] = replace(turns[turn], boxes=boxes)
            self._turns[subject] = tuple(turns)

    def forget(self, subject: str) -> None:
        """Begin a new conversation about an image; the boxes that the user drew stay."""
        self._turns.pop(subject, None)

    def next_request(self, subject: str, prompt: str, images: Sequence[ImageChoice], max_new_tokens: int) -> AskRequest:
        """Return the next question in the conversation about ``subject``, with what was said before.

        An image goes along once. Where another one joins, the first goes along again, because boxes belong to the first
        image of the last turn that has any.
        """
        told = [turn for turn in self.turns(subject) if not (turn.was_stopped or turn.is_earlier)]
        sent = {image.key for turn in told for image in turn.result.request.images}
        new = [image for image in images if image.key not in sent]
        with_images = tuple(dict.fromkeys([images[0], *new])) if new else ()
        return AskRequest(prompt, with_images, _history(told), max_new_tokens, subject)


def _history(turns: Sequence[AnsweredTurn]) -> tuple[Turn, ...]:
    history: list[Turn] = []
    for turn in turns:
        result = turn.result
        history += [
            Turn("user", result.request.prompt, result.images),
            Turn("assistant", result.answer.text),
        ]
    return tuple(history)


def result_boxes(result: AskResult) -> BoxSet:
    """Return the boxes of a finished answer."""
    image = result.answer.image
    if image is None:
        return BoxSet()
    space: CoordinateSpace = result.opened.coordinate_space
    size, model_size = (image.width, image.height), (image.model_width, image.model_height)
    return read_boxes(result.answer.text, size, model_size, space, result.answer)
