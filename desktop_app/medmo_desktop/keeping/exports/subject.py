"""What all exports share: the image that the boxes belong to, and words for where a box is from."""

from __future__ import annotations

from typing import Literal

from medmo_desktop.findings.marks import MarkedBox
from medmo_desktop.keeping.record import CaseImage, CaseRecord
from medmo_models.errors import InputError

BoxSource = Literal["model", "model, corrected by the user", "user"]


def subject_image(record: CaseRecord) -> CaseImage:
    """Return the image that the record's boxes belong to.

    Raises
    ------
    InputError
        If the question was asked without an image.
    """
    if record.subject is None:
        raise InputError("This question was asked without an image, so there are no boxes to export.")
    return record.subject


def model_words(record: CaseRecord) -> str:
    """Return what answered, for a caption; that nobody was asked, if so."""
    model = record.model
    if model is None:
        return "drawn by a user, no model was asked"
    return f"{model.spec_id} {model.method} on {model.backend}/{model.device}"


def box_source(box: MarkedBox) -> BoxSource:
    """Say who put the box there and called it so."""
    if box.origin == "user":
        return "user"
    return "model, corrected by the user" if box.is_corrected else "model"


def box_confidence(box: MarkedBox) -> float | None:
    """Return the box's token probability; None once the user moved it, for the model never said that place."""
    return None if box.model_pixels is not None else box.confidence
