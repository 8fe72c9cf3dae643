"""The steps of the demo: exports, answers with overlays, and the figures per format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.data import get_testdata_file

from medmo_cli.export import run_with_progress
from medmo_cli.progress import count_progress
from medmo_evaluation.grounding_score import f1
from medmo_evaluation.phantom_run import ask_phantoms
from medmo_export.pipeline import EXPORT_METHODS, ExportRequest
from medmo_models.artifact import Artifact, open_model
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage, image_from_pixels, load_image
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import MODALITIES, Phantom, make_phantom, presence_question
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.answer import Answer
from medmo_runtime.overlay import save_answer_overlay
from medmo_runtime.session import Session

#: Phantoms that the embedded model has not been trained on.
DEMO_SEED = 11
#: A real chest film (CR, 1955 x 1841, MONOCHROME1) in the pydicom-data package.
CHEST_FILM = "RG1_UNCR.dcm"


@dataclass(frozen=True)
class FormatRow:
    """One row of the demo's table; ``agreement`` is the top-1 token agreement with full precision."""

    format: str
    bytes: int
    f1_50: float
    agreement: float
    decode_tokens_per_s: float | None


@dataclass(frozen=True)
class DemoAnswer:
    """One answer of the demo and the picture drawn from it."""

    name: str
    task: str
    prompt: str
    answer: Answer
    overlay: Path | None


def export_formats(out: Path) -> list[Artifact]:
    """Export the embedded model to every 4-bit format; return all formats, full precision first."""
    source = embedded_model_path()
    artifacts = [open_model(source)]
    for method in EXPORT_METHODS:
        request = ExportRequest(
            method=method,
            # ONNX holds GPTQ's weights value by value, so the calibration is not run twice.
            checkpoint=out / "medmo-tiny-gptq" if method == "onnx-int4" else source,
            reference=source if method == "onnx-int4" else None,
            destination=out / f"medmo-tiny-{method}",
            overwrite=True,
        )
        artifacts.append(run_with_progress(request))
    return artifacts


def _demo_phantoms() -> Iterator[tuple[str, Phantom]]:
    """Yield one phantom with findings of each kind of image."""
    for modality in MODALITIES:
        index = 0
        while True:
            phantom = make_phantom(DEMO_SEED, index)
            index += 1
            if phantom.modality == modality and len(phantom.findings) >= 2:
                yield f"phantom {modality}", phantom
                break


def chest_film() -> LoadedImage:
    """Load the real chest film.

    Raises
    ------
    InputError
        If the pydicom-data package is not installed.
    """
    path = get_testdata_file(CHEST_FILM, download=False)
    if path is None:
        raise InputError("The demo's real image comes with the pydicom-data package: install medmo-edge[demo].")
    return load_image(Path(str(path)))


def answer_images(session: Session, out: Path) -> list[DemoAnswer]:
    """Ask localize, VQA and report on the phantoms and on the real film; write the overlay pictures."""
    answers = []
    for name, phantom in _demo_phantoms():
        image = image_from_pixels(phantom.pixels)
        presence = presence_question(phantom, phantom.findings[0].label).prompt
        answers += _ask_three(session, image, name, presence, out)
    presence = "Is there a nodule in this image? Answer yes or no."
    return [*answers, *_ask_three(session, chest_film(), "DICOM chest film", presence, out)]


def _ask_three(session: Session, image: LoadedImage, name: str, presence: str, out: Path) -> list[DemoAnswer]:
    answers = []
    for task, prompt in (("localize", LOCALIZE_PROMPT), ("vqa", presence), ("report", REPORT_PROMPT)):
        answer = session.ask([image], prompt, max_new_tokens=160)
        overlay = None
        if task == "localize":
            overlay = out / f"{name.lower().replace(' ', '-')}.png"
            save_answer_overlay(overlay, image.pixels, answer)
        answers.append(DemoAnswer(name, task, prompt, answer, overlay))
    return answers


def measure_formats(artifacts: Sequence[Artifact], count: int) -> list[FormatRow]:
    """Run every format on the same held-out phantoms, each on the best backend for it here."""
    rows = []
    for artifact in artifacts:
        method = artifact.manifest.method
        with Session.open([artifact]) as session, count_progress(f"measuring {method}") as update:
            answered = list(ask_phantoms(session, DEMO_SEED, count, ("localize",), update))
        speeds = sorted(s for a in answered if (s := a.answer.stats.decode_tokens_per_s) is not None)
        check: Any = artifact.manifest.self_check
        rows.append(
            FormatRow(
                format=method,
                bytes=artifact.weight_bytes,
                f1_50=f1([a.score() for a in answered]),
                agreement=1.0 if check is None else float(check["top1"]),
                decode_tokens_per_s=speeds[len(speeds) // 2] if speeds else None,
            )
        )
    return rows
