"""Boxes of one image as plain data, free of Qt: the model's and the user's, told apart for good."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Origin = Literal["model", "user"]
#: ``(x1, y1, x2, y2)`` in pixels of the image as shown.
PixelBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class MarkedBox:
    """One box.

    Attributes
    ----------
    id : str
        The model's n-th box of an answer is ``m<n>``, also while the answer streams in; a user's box has a random id.
    label : str
    pixels : tuple of float
        As shown now.
    raw : tuple of float or None
        What the model wrote, in its coordinate space; None for a user's box.
    confidence : float or None
        Token probability, not the probability of a disease.
    marks : tuple of str
        What the parser noticed.
    origin : {"model", "user"}
    model_pixels : tuple of float or None
        Where the model put it, if the user moved it since.
    model_label : str or None
        What the model called it, if the user renamed it since.
    visible : bool
    phrase : tuple of int or None
        Start and end, in characters of the answer's text, of the phrase that it belongs to.
    """

    id: str
    label: str
    pixels: PixelBox
    raw: PixelBox | None = None
    confidence: float | None = None
    marks: tuple[str, ...] = ()
    origin: Origin = "model"
    model_pixels: PixelBox | None = None
    model_label: str | None = None
    visible: bool = True
    phrase: tuple[int, int] | None = None

    @property
    def is_corrected(self) -> bool:
        """Whether the user changed what the model said."""
        return self.model_pixels is not None or self.model_label is not None


@dataclass(frozen=True)
class BoxSet:
    """The boxes of one image, in reading order; every change returns a new set."""

    boxes: tuple[MarkedBox, ...] = ()

    def __iter__(self) -> Iterator[MarkedBox]:
        return iter(self.boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    def find(self, box_id: str | None) -> MarkedBox | None:
        """Return the box with an id, None if there is none."""
        return next((box for box in self.boxes if box.id == box_id), None)

    def added(self, label: str, pixels: PixelBox) -> BoxSet:
        """Return the set with a new box of the user's at its end."""
        return BoxSet((*self.boxes, MarkedBox(uuid.uuid4().hex, label, pixels, origin="user")))

    def moved(self, box_id: str, pixels: PixelBox) -> BoxSet:
        """Return the set with one box elsewhere; a model's box remembers where the model put it."""

        def move(box: MarkedBox) -> MarkedBox:
            before = box.pixels if box.model_pixels is None else box.model_pixels
            return replace(box, pixels=pixels, model_pixels=before if box.origin == "model" else None)

        return self._changed(box_id, move)

    def relabelled(self, box_id: str, label: str) -> BoxSet:
        """Return the set with one box renamed; a model's box remembers what the model called it."""

        def rename(box: MarkedBox) -> MarkedBox:
            before = box.label if box.model_label is None else box.model_label
            return replace(box, label=label, model_label=before if box.origin == "model" else None)

        return self._changed(box_id, rename)

    def deleted(self, box_id: str) -> BoxSet:
        """Return the set without one box."""
        return BoxSet(tuple(box for box in self.boxes if box.id != box_id))

    def shown(self, box_id: str, visible: bool) -> BoxSet:
        """Return the set with one box's eye open or closed."""
        return self._changed(box_id, lambda box: replace(box, visible=visible))

    def _changed(self, box_id: str, change: Callable[[MarkedBox], MarkedBox]) -> BoxSet:
        return BoxSet(tuple(change(box) if box.id == box_id else box for box in self.boxes))
