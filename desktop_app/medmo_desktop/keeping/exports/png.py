"""The image with its boxes as a picture."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from medmo_desktop.findings.marks import MarkedBox
from medmo_desktop.keeping.exports.subject import box_source, model_words, subject_image
from medmo_desktop.keeping.record import CaseRecord, pixels_sha256
from medmo_desktop.keeping.written_beside import check_same, write_beside
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage
from medmo_runtime.overlay import OverlayFinding, draw_overlay


def export_png(path: Path, record: CaseRecord, image: LoadedImage) -> None:
    """Write the image as the model was given it, with the boxes that are switched on, as a PNG file.

    Boxes of the user's and corrected ones say so behind their label. The caption below the image says what answered,
    how many boxes are switched off, and the research notice; the file holds no metadata.

    Parameters
    ----------
    path : Path
        Ends in ``.png``.
    record : CaseRecord
    image : LoadedImage
        The record's `CaseRecord.subject`.

    Raises
    ------
    InputError
        If the image is not the record's, the name does not end in ``.png``, or the file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise InputError(f"The picture is a PNG file, but {path} does not end in .png; choose such a name.")
    if pixels_sha256(image.pixels) != subject_image(record).pixels_sha256:
        raise InputError("The image does not show what the model was given; open it with the same frame and window.")
    findings = [OverlayFinding(_tag(box), (box.pixels,)) for box in record.boxes if box.visible]
    picture = Image.fromarray(draw_overlay(image.pixels, findings, caption=_caption(record)))
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    write_beside(path, stream.getvalue(), "the picture", check_same(stream.getvalue(), "The picture"))


def _tag(box: MarkedBox) -> str:
    source = {"model": "", "user": " (user)", "model, corrected by the user": " (corrected)"}[box_source(box)]
    return f"{box.label or 'no label'}{source}"


def _caption(record: CaseRecord) -> str:
    caption = model_words(record)
    if record.answer is not None and record.answer.marks:
        caption += f"; the answer is {', '.join(record.answer.marks)}"
    hidden = sum(not box.visible for box in record.boxes)
    return f"{caption}; boxes switched off: {hidden}" if hidden else caption
