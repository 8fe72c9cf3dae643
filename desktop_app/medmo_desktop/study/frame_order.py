"""The order in which the frames of one multi-frame DICOM object are scrolled (PS3.3 C.7.6.16 and C.7.6.17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.tag import Tag

from medmo_desktop.study.corner_text import slice_normal
from medmo_desktop.study.geometry import for_frame, numbers

#: Header elements that this module reads.
FRAME_ORDER_TAGS = (
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "DimensionIndexSequence",
    "DimensionOrganizationType",
)
#: Two slices of one stack face the same way within this, in each cosine.
SAME_DIRECTION = 0.01
_STACK = Tag("StackID")
#: Dimensions that tell the place inside of a stack; any other (time, echo, segment) is a stack after the other.
_PLACES = frozenset(Tag(name) for name in ("InStackPositionNumber", "ImagePositionPatient"))


@dataclass(frozen=True)
class _FramePlace:
    """Where one frame belongs.

    Attributes
    ----------
    index : int
        As stored, from 0.
    stack : str
        StackID; empty if not stated.
    outer : tuple of int
        Index values of the dimensions that are neither stack nor place, else the temporal position.
    place : tuple of int
        Index values of the dimensions that are a place, else the position in the stack; empty if neither is stated.
    cosines, position : tuple of float or None
    """

    index: int
    stack: str
    outer: tuple[int, ...]
    place: tuple[int, ...]
    cosines: tuple[float, ...] | None
    position: tuple[float, ...] | None

    def distance(self, normal: tuple[float, ...]) -> float:
        """Return the position along a normal in mm, rounded so that repeated slices fall together."""
        return round(sum(a * b for a, b in zip(normal, self.position or (0.0, 0.0, 0.0), strict=True)), 2)


def frame_stacks(dataset: Any, frame_count: int) -> tuple[tuple[int, ...], ...]:
    """Return the stored numbers of the frames, from 0, in the order in which each stack is scrolled.

    Parameters
    ----------
    dataset : pydicom.dataset.Dataset
        With at least `FRAME_ORDER_TAGS`.
    frame_count : int

    Returns
    -------
    tuple of tuple of int
        One entry per StackID, in the order of the file. In a stack, frames are sorted by the dimensions that are no
        places in space, then by their position along the normal of the slices; where positions are missing or slices
        face different ways, by the file's own indices. An object without functional groups is one stack as stored.
    """
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    # A tiled image is one plane whose frames are its tiles.
    tiled = str(dataset.get("DimensionOrganizationType") or "").startswith("TILED")
    if len(groups) != frame_count or tiled:
        return (tuple(range(frame_count)),)
    pointers = [item.get("DimensionIndexPointer") for item in dataset.get("DimensionIndexSequence") or ()]
    stacks: dict[str, list[_FramePlace]] = {}
    for index, group in enumerate(groups):
        place = _frame_place(dataset, index, group, pointers)
        stacks.setdefault(place.stack, []).append(place)
    return tuple(tuple(place.index for place in _sorted(places)) for places in stacks.values())


def _frame_place(dataset: Any, index: int, group: Any, pointers: Sequence[Any]) -> _FramePlace:
    content = (group.get("FrameContentSequence") or [{}])[0]
    values = _whole_numbers(content.get("DimensionIndexValues"))
    known = list(zip(pointers, values, strict=True)) if len(values) == len(pointers) and None not in pointers else []
    outer = tuple(value for pointer, value in known if pointer != _STACK and pointer not in _PLACES)
    place = tuple(value for pointer, value in known if pointer in _PLACES)
    return _FramePlace(
        index,
        stack=str(content.get("StackID") or ""),
        outer=outer if known else _whole_numbers(content.get("TemporalPositionIndex")),
        place=place or _whole_numbers(content.get("InStackPositionNumber")),
        cosines=numbers(for_frame(dataset, "ImageOrientationPatient", index), 6),
        position=numbers(for_frame(dataset, "ImagePositionPatient", index), 3),
    )


def _sorted(places: list[_FramePlace]) -> list[_FramePlace]:
    first = places[0].cosines
    if first is not None and all(_lies_in(place, first) for place in places):
        normal = slice_normal(first)
        return sorted(places, key=lambda place: (place.outer, place.distance(normal), place.place, place.index))
    return sorted(places, key=lambda place: (place.outer, place.place, place.index))


def _lies_in(place: _FramePlace, cosines: tuple[float, ...]) -> bool:
    """Whether a frame has a position and faces the given way."""
    if place.cosines is None or place.position is None:
        return False
    return max(abs(a - b) for a, b in zip(place.cosines, cosines, strict=True)) <= SAME_DIRECTION


def _whole_numbers(value: Any) -> tuple[int, ...]:
    """Return an element's whole numbers, none if it is missing or holds anything else."""
    if value is None:
        return ()
    try:
        return tuple(int(one) for one in (value if hasattr(value, "__iter__") else [value]))
    except (TypeError, ValueError):
        return ()
