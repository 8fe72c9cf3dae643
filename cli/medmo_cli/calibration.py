"""What ``--calibration`` names: generated phantoms, a file of chat messages, or any dataset of ``medmo compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medmo_cli.output import messages
from medmo_export.calibration import CalibrationSample, CalibrationSet, phantom_set
from medmo_export.calibration_file import is_chat_file, read_calibration_file
from medmo_export.pipeline import CALIBRATION_SEED
from medmo_models.coordinates import GRID_SIZE
from medmo_models.errors import InputError
from medmo_models.grounding_format import GroundedLabel, format_grounding
from medmo_models.imaging import image_from_pixels, load_image
from medmo_models.preprocessing import ChatTurn

if TYPE_CHECKING:
    from medmo_evaluation.datasets.sample import EvaluationSample


def open_calibration(text: str | None, count: int, text_only: bool) -> CalibrationSet:
    """Open a calibration set, say what is in it, and return ``count`` of its samples.

    Parameters
    ----------
    text : str or None
        None means generated phantoms.
    count : int
        Samples to use: the first ones of a file of chat messages, evenly spread over a dataset.
    text_only : bool
        Leave the images out.

    Raises
    ------
    InputError
        If it is missing, empty, unreadable or too small.
    """
    found = _open(text, count)
    if text_only:
        found = found.without_images()
    kinds = ", ".join(f"{number} {name}" for name, number in found.modalities.items())
    messages.print(
        f"calibration: {len(found.samples)} samples, {found.images} images ({kinds}) from {found.id}",
        markup=False,
        soft_wrap=True,
    )
    return found


def _open(text: str | None, count: int) -> CalibrationSet:
    if text is None or text == "phantoms":
        return phantom_set(count, CALIBRATION_SEED)
    path = Path(text)
    if text.endswith(".jsonl") and not path.is_file():
        raise InputError(f"The calibration set {path} does not exist.")
    if text.endswith(".jsonl") and (path.stat().st_size == 0 or is_chat_file(path)):
        return CalibrationSet(f"chat:{path.name}", tuple(read_calibration_file(path, count)))
    from medmo_evaluation.datasets.registry import open_dataset  # needs the extra `eval`, which exports do without

    dataset = open_dataset(text)
    if len(dataset) < count:
        raise InputError(f"{text} holds {len(dataset)} usable samples, fewer than --samples {count}; ask for fewer.")
    chosen = [dataset[index * len(dataset) // count] for index in range(count)]
    return CalibrationSet(dataset.name, tuple(_conversation(sample) for sample in chosen))


def _conversation(sample: EvaluationSample) -> CalibrationSample:
    """Return the question with its true answer, boxes in MedMO's own format."""
    images = [load_image(one) if isinstance(one, Path) else image_from_pixels(one) for one in sample.images]
    answer = sample.answer if sample.boxes is None else _boxes_in_words(sample, images[0].width, images[0].height)
    asked = ChatTurn("user", sample.prompt, tuple(image.pixels for image in images))
    turns = (asked, ChatTurn("assistant", answer or ""))
    return CalibrationSample(turns, sample.modality or sample.task)


def _boxes_in_words(sample: EvaluationSample, width: int, height: int) -> str:
    """Return the true boxes as MedMO would write them."""
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    for entry in sample.boxes or ():
        x1, y1, x2, y2 = (
            round(value * GRID_SIZE / size) for value, size in zip(entry.box, (width, height) * 2, strict=True)
        )
        found.setdefault(entry.label, []).append((x1, y1, x2, y2))
    return format_grounding([GroundedLabel(label, tuple(boxes)) for label, boxes in found.items()])
