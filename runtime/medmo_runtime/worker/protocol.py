"""What the two processes say to each other, as typed values.

From the caller: ``open`` (`OpenRequest`), ``ask`` and ``prepare`` (`Question`), ``keep-images``, ``stop``, ``close``.
From the worker: ``opened`` (`Opened`), ``phase``, ``text``, ``answer``, ``done``, ``failed`` (`Failure`),
``network-attempt`` (the target's kind, at any time).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from medmo_models.coordinates import CoordinateSpace
from medmo_models.errors import CannotRunError, InputError, MedMOError, OutOfMemoryError
from medmo_models.imaging import LoadedImage
from medmo_runtime.choose import Choice, NothingFitsError
from medmo_runtime.conversation import Turn
from medmo_runtime.memory import readable_bytes


@dataclass(frozen=True)
class OpenRequest:
    """What to load; the fields are the parameters of `Session.open`, artifacts by their folders."""

    artifacts: tuple[str, ...]
    backend: str | None = None
    device: str | None = None
    dtype: str | None = None
    preprocessing: str = "standard"
    max_pixels: int | None = None
    images: int = 1
    new_tokens: int = 512
    avoid: tuple[str, ...] = ()
    ignore_memory: bool = False


@dataclass(frozen=True)
class CandidateSummary:
    """One candidate in words and figures; bytes are None where nothing was predicted or nothing tells."""

    title: str
    problem: str | None
    needs_bytes: int | None
    free_bytes: int | None
    given_up: tuple[str, ...]
    decode_tokens_per_s: float | None


@dataclass(frozen=True)
class Opened:
    """What was loaded.

    Attributes
    ----------
    artifact, method, backend, device, dtype, reason : str
    key : str
        `Candidate.key`: by it this candidate is avoided next time if it fails.
    spec_id : str
        Of the artifact's manifest.
    given_up : tuple of str
        What was given up so that it fits, in words.
    predicted_bytes : int or None
    load_s : float
    candidates : tuple of CandidateSummary
        All, best first.
    next_plan : str or None
        What would be tried if this one failed, in words.
    coordinate_space : str
        The unit in which the model writes boxes.
    """

    artifact: str
    method: str
    backend: str
    device: str
    dtype: str
    reason: str
    key: str
    given_up: tuple[str, ...]
    predicted_bytes: int | None
    load_s: float
    candidates: tuple[CandidateSummary, ...]
    spec_id: str = ""
    next_plan: str | None = None
    coordinate_space: CoordinateSpace = "relative-1000"

    @property
    def title(self) -> str:
        """``method on backend/device`` for messages."""
        return f"{self.method} on {self.backend}/{self.device}"


def describe_choice(choice: Choice, load_s: float, following: Choice | None = None) -> Opened:
    """Return what a choice says to another process; ``following`` is what would be chosen if it failed."""
    best = choice.chosen
    return Opened(
        artifact=str(best.artifact.path),
        method=best.artifact.manifest.method,
        backend=best.backend.name,
        device=best.device,
        dtype=best.dtype,
        spec_id=best.artifact.manifest.spec_id,
        reason=choice.reason,
        key=best.key,
        given_up=() if best.plan is None else best.plan.given_up,
        predicted_bytes=None if best.plan is None else best.plan.total,
        load_s=load_s,
        candidates=summarize_candidates(choice.candidates),
        next_plan=None if following is None else _plan_words(following),
        coordinate_space=best.artifact.manifest.coordinate_space,
    )


def _plan_words(choice: Choice) -> str:
    plan = choice.chosen.plan
    if plan is None:
        return choice.chosen.title
    given_up = f", where {' and '.join(plan.given_up)}" if plan.given_up else ""
    return f"{choice.chosen.title} with about {readable_bytes(plan.total)}{given_up}"


def summarize_candidates(candidates: Sequence[Any]) -> tuple[CandidateSummary, ...]:
    """Return each candidate's plan, or for one that does not fit the cheapest that was tried."""
    rows = []
    for one in candidates:
        plan = one.plan or min(one.tried, key=lambda tried: tried.total, default=None)
        rows.append(
            CandidateSummary(
                title=one.title,
                problem=one.problem,
                needs_bytes=None if plan is None else plan.total,
                free_bytes=one.free_bytes,
                given_up=() if plan is None else plan.given_up,
                decode_tokens_per_s=None if one.measured is None else one.measured.decode_tokens_per_s,
            )
        )
    return tuple(rows)


def read_opened(values: Mapping[str, Any]) -> Opened:
    """Undo ``asdict`` after a way through JSON."""
    rows = tuple(CandidateSummary(**{**row, "given_up": tuple(row["given_up"])}) for row in values["candidates"])
    return Opened(**{**values, "given_up": tuple(values["given_up"]), "candidates": rows})


#: Errors that keep their kind between the processes.
_KINDS: dict[str, type[MedMOError]] = {
    "InputError": InputError,
    "OutOfMemoryError": OutOfMemoryError,
    "CannotRunError": CannotRunError,
}


def describe_error(error: MedMOError) -> dict[str, Any]:
    """Return an error as JSON-ready values."""
    if isinstance(error, NothingFitsError):
        rows = [asdict(row) for row in summarize_candidates(error.candidates)]
        return {"error": "NothingFitsError", "text": str(error), "candidates": rows}
    kind = next((name for name, known in _KINDS.items() if isinstance(error, known)), "CannotRunError")
    return {"error": kind, "text": str(error), "candidates": []}


class NothingFitsHereError(CannotRunError):
    """`NothingFitsError` as the caller of a worker sees it: ``candidates`` are summaries."""

    def __init__(self, text: str, candidates: tuple[CandidateSummary, ...]) -> None:
        super().__init__(text)
        self.candidates = candidates


def read_error(values: Mapping[str, Any]) -> MedMOError:
    """Undo `describe_error`."""
    if values["error"] == "NothingFitsError":
        rows = tuple(CandidateSummary(**{**row, "given_up": tuple(row["given_up"])}) for row in values["candidates"])
        return NothingFitsHereError(values["text"], rows)
    return _KINDS[values["error"]](values["text"])


def shortage_words(row: CandidateSummary) -> str:
    """Return how much is missing, ``-`` where nothing was predicted or nothing is."""
    if row.needs_bytes is None or row.free_bytes is None or row.needs_bytes <= row.free_bytes:
        return "-"
    return readable_bytes(row.needs_bytes - row.free_bytes)


class SentImages:
    """Images that the other process has: an image goes over the pipe once, then its name does.

    Both sides keep the same few last ones, in the same order.
    """

    KEPT = 8

    def __init__(self) -> None:
        self._images: dict[str, LoadedImage] = {}

    def describe(self, turns: Sequence[Turn]) -> tuple[list[dict[str, Any]], list[memoryview]]:
        """Return turns as JSON-ready values, and the pixels that the other side does not have."""
        blobs: list[memoryview] = []
        described = []
        for turn in turns:
            images = []
            for image in turn.images:
                name = _pixels_name(image)
                facts: dict[str, Any] = {"name": name}
                if name not in self._images:
                    pixels = np.ascontiguousarray(image.pixels)
                    facts |= {"blob": len(blobs), "shape": list(pixels.shape), "facts": _facts(image)}
                    blobs.append(pixels.data.cast("B"))
                self._keep(name, image)
                images.append(facts)
            described.append({"role": turn.role, "text": turn.text, "images": images})
        return described, blobs

    def read(self, described: Sequence[Mapping[str, Any]], blobs: Sequence[bytes]) -> list[Turn]:
        """Undo `describe` on the other side."""
        turns = []
        for turn in described:
            images = []
            for facts in turn["images"]:
                image = self._images.get(facts["name"])
                if image is None:
                    pixels = np.frombuffer(blobs[facts["blob"]], dtype=np.uint8).reshape(facts["shape"])
                    image = LoadedImage(pixels=pixels, **{**facts["facts"], "notes": tuple(facts["facts"]["notes"])})
                self._keep(facts["name"], image)
                images.append(image)
            turns.append(Turn(turn["role"], turn["text"], tuple(images)))
        return turns

    def _keep(self, name: str, image: LoadedImage) -> None:
        self._images.pop(name, None)
        self._images[name] = image
        while len(self._images) > self.KEPT:
            self._images.pop(next(iter(self._images)))


def _pixels_name(image: LoadedImage) -> str:
    """Return a name for what is shown: one file gives different pixels under another window."""
    return hashlib.sha256(np.ascontiguousarray(image.pixels).data).hexdigest() + f":{image.sha256}:{image.frame}"


def _facts(image: LoadedImage) -> dict[str, Any]:
    names = ("width", "height", "sha256", "frame", "frame_count", "source_format", "notes")
    return {name: getattr(image, name) for name in names}
