"""What can be compared: the embedded model and its copies, what the library holds, and folders that were picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medmo_desktop.machine.embedded_copy import FAST_FORMAT, fast_copy_folder, fast_copy_is_missing
from medmo_export.embedded import find_embedded
from medmo_export.request import EXPORT_METHODS
from medmo_models.artifact import open_model
from medmo_models.library import EMBEDDED_NAME, InstalledModel, list_models


@dataclass(frozen=True)
class Offer:
    """One model that a side may be asked on.

    Attributes
    ----------
    name : str
        The model's.
    path : Path
    method : str
    to_make : bool
        Whether it is the embedded model's 4-bit copy, which is made before it is asked.
    """

    name: str
    path: Path
    method: str
    to_make: bool = False

    @property
    def title(self) -> str:
        """Name and method."""
        return f"{self.name} ({self.method})"


def list_offers() -> list[Offer]:
    """Return the embedded model, its copies at hand or the one that can be made, then the library's, by name."""
    models = [offer for model in list_models() for offer in _of_library(model)]
    models.sort(key=lambda offer: offer.name != EMBEDDED_NAME)
    place = sum(offer.name == EMBEDDED_NAME for offer in models)
    return [*models[:place], *_copies(), *models[place:]]


def offer_folder(folder: Path) -> Offer:
    """Return what a folder holds: an artifact, or a checkpoint, which is read once to be known again.

    Raises
    ------
    MedMOError
        If it is neither, or damaged.
    """
    artifact = open_model(folder)
    return Offer(folder.name or str(folder), artifact.path, artifact.manifest.method)


def _of_library(model: InstalledModel) -> Sequence[Offer]:
    return () if model.method is None else (Offer(model.name, model.path, model.method),)


def _copies() -> list[Offer]:
    found = {method: find_embedded(method) for method in (FAST_FORMAT, *EXPORT_METHODS)}  # the fast one first
    copies = [Offer(EMBEDDED_NAME, copy.path, method) for method, copy in found.items() if copy is not None]
    if fast_copy_is_missing():
        copies.insert(0, Offer(EMBEDDED_NAME, fast_copy_folder(), FAST_FORMAT, to_make=True))
    return copies
