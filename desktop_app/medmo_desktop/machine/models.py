"""What is installed, and whether it fits this machine, as plain rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medmo_models.artifact import Artifact, open_model
from medmo_models.artifact.manifest import MANIFEST_NAME, read_manifest
from medmo_models.artifact.store import resolve_spec
from medmo_models.errors import MedMOError
from medmo_models.library import EMBEDDED_NAME, InstalledModel, list_models
from medmo_runtime.candidates import Candidate, Search, find_candidates
from medmo_runtime.choose import NothingFitsError, choose
from medmo_runtime.hardware import Machine
from medmo_runtime.measurements import MeasurementStore
from medmo_runtime.memory import readable_bytes

#: ``fits``: as it is. ``tight``: after something was given up. ``too-large``: memory is missing. ``cannot-run``: no
#: backend here loads it. ``broken``: it is not a whole model.
Verdict = Literal["fits", "tight", "too-large", "cannot-run", "broken"]

#: Raises `CancelledError` if the user cancelled; called between models.
Check = Callable[[], None]


@dataclass(frozen=True)
class FitVerdict:
    """Whether a model runs here.

    Attributes
    ----------
    verdict : Verdict
    title : str
        The backend that would be taken, or the one that comes closest; empty if there is none.
    reason : str
        Why, in words.
    needs_bytes, free_bytes : int or None
        Predicted at the asked image size, and free on the device; None where nothing was predicted or nothing tells.
    given_up : tuple of str
        What is given up so that it fits, or was, and did not help.
    """

    verdict: Verdict
    title: str
    reason: str
    needs_bytes: int | None = None
    free_bytes: int | None = None
    given_up: tuple[str, ...] = ()

    @property
    def missing_bytes(self) -> int:
        """Bytes that are missing; 0 if none are, or nothing tells."""
        if self.needs_bytes is None or self.free_bytes is None:
            return 0
        return max(0, self.needs_bytes - self.free_bytes)


@dataclass(frozen=True)
class ModelRow:
    """One installed model and its verdict."""

    model: InstalledModel
    fit: FitVerdict

    @property
    def embedded(self) -> bool:
        """Whether it ships with the program."""
        return self.model.name == EMBEDDED_NAME

    @property
    def can_be_forced(self) -> bool:
        """Whether it may be used against the prediction."""
        return self.fit.verdict == "too-large"


def describe_models(
    machine: Machine, max_pixels: int | None = None, check: Check = lambda: None
) -> tuple[ModelRow, ...]:
    """Return a row for each installed model, the embedded one included; a broken one gets its reason.

    Files are listed, settings and headers read. An artifact's weights are not hashed for this; those of a plain
    checkpoint are, the first time.

    Parameters
    ----------
    machine : Machine
    max_pixels : int, optional
        Largest image; each model's own limit if not given.
    check : callable
        Called before each model.
    """
    search = Search(machine, max_pixels=max_pixels, measurements=MeasurementStore())
    rows = []
    for model in list_models():
        check()
        rows.append(ModelRow(model, judge_fit(model, search)))
    return tuple(rows)


def judge_fit(model: InstalledModel, search: Search) -> FitVerdict:
    """Say whether a model fits, on which backend, and why."""
    if model.problem is not None:
        return FitVerdict("broken", "", model.problem)
    try:
        candidates = find_candidates([_describe(model.path)], search)
    except MedMOError as error:
        return FitVerdict("broken", "", str(error))
    try:
        choice = choose(candidates)
    except NothingFitsError:
        return _nothing_fits(candidates)
    best, plan = choice.chosen, choice.chosen.plan
    if plan is None:
        return FitVerdict("fits", best.title, choice.reason, None, best.free_bytes)
    verdict: Verdict = "tight" if plan.given_up else "fits"
    return FitVerdict(verdict, best.title, choice.reason, plan.total, best.free_bytes, plan.given_up)


def _nothing_fits(candidates: tuple[Candidate, ...]) -> FitVerdict:
    """Return the verdict of the candidate that misses least, or that none is available."""
    tried = [(one, min(one.tried, key=lambda plan: plan.total)) for one in candidates if one.tried]
    if not tried:
        reasons = "; ".join(f"{one.title}: {one.problem}" for one in candidates)
        return FitVerdict("cannot-run", "", reasons)
    closest, plan = min(tried, key=lambda pair: pair[1].total - (pair[0].free_bytes or 0))
    return FitVerdict("too-large", closest.title, closest.problem or "", plan.total, closest.free_bytes, plan.given_up)


def _describe(path: Path) -> Artifact:
    """Open an artifact by what it says of itself: its bytes are checked when it is loaded."""
    if not (path / MANIFEST_NAME).is_file():
        return open_model(path)
    manifest = read_manifest(path)
    return Artifact(path, manifest, resolve_spec(path, manifest))


def fit_words(fit: FitVerdict) -> str:
    """Return the figures behind a verdict, for example ``needs 5.1 GB of 4.0 GB free: 1.1 GB are missing``."""
    if fit.needs_bytes is None:
        return fit.reason
    words = f"needs {readable_bytes(fit.needs_bytes)}"
    if fit.free_bytes is not None:
        words += f" of {readable_bytes(fit.free_bytes)} free"
    if fit.missing_bytes:
        words += f": {readable_bytes(fit.missing_bytes)} are missing"
    return words
