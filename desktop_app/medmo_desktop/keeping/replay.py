"""A case asked again: with the same pixels, prompt, preprocessing and limits, here, and what came out otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medmo_desktop.keeping.case_file import Case
from medmo_desktop.keeping.record import CaseModel, describe_model
from medmo_models.errors import InputError
from medmo_runtime.answer import Answer, AnswerStats
from medmo_runtime.generation import StopSignal, TextCallback
from medmo_runtime.grounding.matching import LabelledBox, pair_boxes
from medmo_runtime.text_diff import Piece, word_diff
from medmo_runtime.worker import OpenRequest, WorkerSession


@dataclass(frozen=True)
class ReplayedBox:
    """A model's box of the case and its partner in the replay.

    Attributes
    ----------
    label : str
    before, after : tuple of float or None
        ``(x1, y1, x2, y2)`` in pixels of the image; None where it has no partner.
    iou : float or None
    corner_shift : float or None
        The longer way of the two corners (top left, bottom right), in pixels.
    """

    label: str
    before: tuple[float, float, float, float] | None
    after: tuple[float, float, float, float] | None
    iou: float | None
    corner_shift: float | None


@dataclass(frozen=True)
class ReplayDifference:
    """What a replay found.

    Attributes
    ----------
    before, after : CaseModel
        What answered then and now.
    text_before, text_after : str
    same_text : bool
    same_tokens : bool or None
        None where the case has no tokens.
    first_different_token : int or None
        Place of the first token that differs, from 0; None where none does or the case has no tokens.
    words : tuple of Piece
        The texts' difference, word by word.
    boxes : tuple of ReplayedBox
    stats_before, stats_after : AnswerStats
    marks_after : tuple of str
        What was wrong with the new answer.
    """

    before: CaseModel
    after: CaseModel
    text_before: str
    text_after: str
    same_text: bool
    same_tokens: bool | None
    first_different_token: int | None
    words: tuple[Piece, ...]
    boxes: tuple[ReplayedBox, ...]
    stats_before: AnswerStats
    stats_after: AnswerStats
    marks_after: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether tokens (where known), text and boxes are the same."""
        return self.same_text and self.same_tokens is not False and all(box.corner_shift == 0 for box in self.boxes)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.identical:
            return "Identical: the replay gave the same answer."
        if self.same_text:
            moved = any(box.corner_shift != 0 for box in self.boxes)
            return f"Different: the same text, but {'the boxes' if moved else 'its tokens'} differ."
        lost = sum(box.after is None for box in self.boxes)
        new = sum(box.before is None for box in self.boxes)
        shifts = [box.corner_shift for box in self.boxes if box.corner_shift is not None]
        found = f"matched {len(shifts)}, lost {lost}, new {new}"
        return f"Different: boxes {found}" + (f"; largest corner shift {max(shifts):.1f} px." if shifts else ".")

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"identical": self.identical, "verdict": self.verdict, **asdict(self)}


def asked(case: Case) -> tuple[CaseModel, Answer]:
    """Return what was asked in a case, and what it answered.

    Raises
    ------
    InputError
        If nobody was asked: the case has boxes that a user drew, and nothing to replay.
    """
    record = case.record
    if record.model is None or record.answer is None:
        raise InputError("Boxes that a user drew, and no question to a model: there is nothing to replay in this case.")
    return record.model, record.answer


def replay_request(
    case: Case, artifacts: Sequence[Path], *, same_model: bool, backend: str | None = None, device: str | None = None
) -> OpenRequest:
    """Return what to load for a replay.

    Parameters
    ----------
    case : Case
    artifacts : sequence of Path
    same_model : bool
        Whether the artifact is the one that answered; without ``backend`` and ``device`` its own are then used again.
    backend, device : str, optional
        Only this one.
    """
    record = case.record
    model, _ = asked(case)
    if same_model and backend is None and device is None:
        backend, device = model.backend, model.device
    as_before = same_model and backend == model.backend and device in (None, model.device)
    return OpenRequest(
        artifacts=tuple(str(path) for path in artifacts),
        backend=backend,
        device=device,
        dtype=model.dtype if as_before else None,
        preprocessing=record.preprocessing,
        max_pixels=record.max_pixels,
        images=max(1, len(record.images)),
        new_tokens=record.max_new_tokens,
    )


def replay(
    case: Case,
    request: OpenRequest,
    *,
    on_text: TextCallback | None = None,
    stop: StopSignal | None = None,
) -> ReplayDifference:
    """Ask a case again and compare.

    Parameters
    ----------
    case : Case
    request : OpenRequest
        From `replay_request`.
    on_text : callable, optional
        Told the new text as it comes; cancels by returning False.
    stop : StopSignal, optional

    Raises
    ------
    InputError
        If the case's answer was cut off by its user: it says nothing about a replay.
    MedMOError
        As `WorkerSession.ask_with_tokens`.
    """
    record = case.record
    _, before = asked(case)
    if before.stats.finish_reason == "cancelled":
        raise InputError("The answer in this case was stopped before its end, so a replay cannot be compared with it.")
    *history, question = case.turns
    with WorkerSession(request) as session:
        answer, tokens = session.ask_with_tokens(
            question.images,
            question.text,
            history=history,
            max_new_tokens=record.max_new_tokens,
            on_text=on_text,
            stop=stop,
        )
        after = describe_model(answer, session.open())
    return compare_answers(case, answer, tokens, after)


def compare_answers(case: Case, answer: Answer, tokens: tuple[int, ...], after: CaseModel) -> ReplayDifference:
    """Return how an answer to a case's question differs from the one in the case."""
    record = case.record
    model, before = asked(case)
    first = None if record.tokens is None else _first_difference(record.tokens, tokens)
    return ReplayDifference(
        before=model,
        after=after,
        text_before=before.text,
        text_after=answer.text,
        same_text=before.text == answer.text,
        same_tokens=None if record.tokens is None else first is None,
        first_different_token=first,
        words=tuple(word_diff(before.text, answer.text)),
        boxes=_compare_boxes(before, answer),
        stats_before=before.stats,
        stats_after=answer.stats,
        marks_after=answer.marks,
    )


def _first_difference(before: Sequence[int], after: Sequence[int]) -> int | None:
    for place, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return place
    return None if len(before) == len(after) else min(len(before), len(after))


def _compare_boxes(before: Answer, after: Answer) -> tuple[ReplayedBox, ...]:
    if before.image is None or after.image is None:
        return ()
    first, second = _labelled(before), _labelled(after)
    pairs = pair_boxes(first, second, (before.image.width, before.image.height))
    partners = {pair.first: pair for pair in pairs}
    rows = []
    for place, one in enumerate(first):
        pair = partners.get(place)
        if pair is None:
            rows.append(ReplayedBox(one.label, one.box, None, None, None))
            continue
        other = second[pair.second].box
        x1, y1, x2, y2 = (a - b for a, b in zip(one.box, other, strict=True))
        shift = max(math.hypot(x1, y1), math.hypot(x2, y2))
        rows.append(ReplayedBox(one.label, one.box, other, pair.iou, shift))
    taken = {pair.second for pair in pairs}
    new = [ReplayedBox(one.label, None, one.box, None, None) for place, one in enumerate(second) if place not in taken]
    return (*rows, *new)


def _labelled(answer: Answer) -> list[LabelledBox]:
    return [LabelledBox(finding.label, box.pixels) for finding in answer.findings for box in finding.boxes]
