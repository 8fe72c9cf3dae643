"""From an answer's text, whole or still streaming in, to the boxes that the viewer shows; free of Qt."""

from __future__ import annotations

from dataclasses import replace

from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_models.coordinates import CoordinateSpace
from medmo_runtime.answer import Answer, AnswerBox
from medmo_runtime.grounding import Box, Finding, parse_grounding, to_pixels


def read_boxes(
    text: str,
    image_size: tuple[int, int],
    model_size: tuple[int, int] | None,
    space: CoordinateSpace,
    answer: Answer | None = None,
) -> BoxSet:
    """Read the boxes in an answer.

    Parameters
    ----------
    text : str
        The answer, or its beginning while it streams in. A box appears with its last number and then keeps its id.
    image_size : tuple of int
        ``(width, height)`` of the image as shown, in pixels.
    model_size : tuple of int or None
        ``(width, height)`` of the image as the model saw it; needed in the ``pixels`` space only. While it is unknown,
        boxes in that space are left out.
    space : CoordinateSpace
        The unit in which the model writes.
    answer : Answer, optional
        The finished answer that ``text`` is of: its pixels, confidences and marks are taken as they are.

    Returns
    -------
    BoxSet
        Ids ``m0``, ``m1``... in the order of the text.
    """
    found = [
        (box, finding) for finding in parse_grounding(text, coordinate_space=space).findings for box in finding.boxes
    ]
    if answer is None:
        placed = [_place(box, finding, image_size, model_size) for box, finding in found]
    else:
        final = [(box, finding.label) for finding in answer.findings for box in finding.boxes]
        if len(final) != len(found):  # an answer without an image has boxes in its text alone
            return BoxSet(tuple(_final(f"m{index}", label, box) for index, (box, label) in enumerate(final)))
        placed = [
            replace(_final("", label, told), phrase=finding.span)
            for (told, label), (_, finding) in zip(final, found, strict=True)
        ]
    # Nested objects are read from the outside in; the text's order alone stays the same while it grows.
    order = sorted(range(len(found)), key=lambda index: found[index][0].span)
    numbered = ((f"m{number}", placed[index]) for number, index in enumerate(order))
    return BoxSet(tuple(replace(box, id=name) for name, box in numbered if box is not None))


def _place(
    box: Box, finding: Finding, image_size: tuple[int, int], model_size: tuple[int, int] | None
) -> MarkedBox | None:
    if box.space == "pixels" and model_size is None:
        return None
    model_width, model_height = model_size or (None, None)
    pixels = to_pixels(box, *image_size, model_width=model_width, model_height=model_height)
    return MarkedBox("", finding.label, pixels, raw=box.raw, marks=box.marks, phrase=finding.span)


def _final(box_id: str, label: str, box: AnswerBox) -> MarkedBox:
    return MarkedBox(box_id, label, box.pixels, raw=box.raw, confidence=box.confidence, marks=box.marks)


def carry_over(before: BoxSet, on_board: BoxSet, streamed: BoxSet) -> BoxSet:
    """Return newly read boxes with what the user did to the board meanwhile.

    Parameters
    ----------
    before : BoxSet
        What was read the last time.
    on_board : BoxSet
        What the board shows: ``before`` with the user's changes.
    streamed : BoxSet
        What is read now.

    Returns
    -------
    BoxSet
        Closed eyes stay closed, moved and renamed boxes as the user left them, deleted ones away; the user's own boxes
        come last.
    """
    deleted = {box.id for box in before if on_board.find(box.id) is None}
    kept = tuple(_with_changes(box, on_board.find(box.id)) for box in streamed if box.id not in deleted)
    return BoxSet((*kept, *own_boxes(on_board)))


def own_boxes(boxes: BoxSet) -> BoxSet:
    """Return the boxes that the user drew."""
    return BoxSet(tuple(box for box in boxes if box.origin == "user"))


def _with_changes(box: MarkedBox, shown: MarkedBox | None) -> MarkedBox:
    if shown is None:
        return box
    box = replace(box, visible=shown.visible)
    if shown.model_pixels is not None:
        box = replace(box, pixels=shown.pixels, model_pixels=box.pixels)
    if shown.model_label is not None:
        box = replace(box, label=shown.label, model_label=box.label)
    return box
