"""Records of answers, made without a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.keeping.record import CaseRecord, describe_image, make_drawn_record, make_record
from medmo_models.imaging import LoadedImage, image_from_pixels
from medmo_runtime.answer import (
    Answer,
    AnswerArtifact,
    AnswerBackend,
    AnswerBox,
    AnswerFinding,
    AnswerImage,
    AnswerStats,
)
from medmo_runtime.conversation import Turn
from medmo_runtime.worker.protocol import Opened

TEXT = "There is a nodule <box>[[100, 200, 300, 400]]</box> and an effusion <box>[[500, 500, 900, 950]]</box>."


def noise(width: int = 120, height: int = 80, seed: int = 0) -> NDArray[np.uint8]:
    """RGB pixels of shape (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def make_answer(image: LoadedImage | None) -> Answer:
    """An answer with two boxes."""
    width, height = (1000, 1000) if image is None else (image.width, image.height)

    def box(x1: float, y1: float, x2: float, y2: float, confidence: float) -> AnswerBox:
        pixels = (x1 * width / 1000, y1 * height / 1000, x2 * width / 1000, y2 * height / 1000)
        return AnswerBox((x1, y1, x2, y2), pixels, confidence, ())

    findings = (
        AnswerFinding("nodule", (box(100, 200, 300, 400, 0.9),)),
        AnswerFinding("pleural effusion", (box(500, 500, 900, 950, 0.6),)),
    )
    return Answer(
        text=TEXT,
        findings=() if image is None else findings,
        marks=(),
        image=None if image is None else AnswerImage(width, height, 128, 96, image.sha256),
        artifact=AnswerArtifact("/home/somebody/models/medmo-4b-gptq", "a" * 64, "gptq", 4.3),
        backend=AnswerBackend("gptq", "cuda:0", "fastest here"),
        stats=AnswerStats(1.5, 0.2, 0.1, 300, 12, 0, 40, 21.5, 2_000_000_000, "stop"),
    )


def model_boxes(answer: Answer) -> BoxSet:
    """The boxes that the model drew, as the viewer shows them."""
    found = [(finding.label, box) for finding in answer.findings for box in finding.boxes]
    return BoxSet(
        tuple(
            MarkedBox(f"m{number}", label, box.pixels, box.raw, box.confidence, box.marks)
            for number, (label, box) in enumerate(found)
        )
    )


OPENED = Opened(
    "/home/somebody/models/medmo-4b-gptq", "gptq", "gptq", "cuda:0", "float16", "fastest here", "key", (), None, 1.5, ()
)


def make_case(image: LoadedImage | None = None, boxes: BoxSet | None = None, **changes: object) -> CaseRecord:
    """A record of one question about one image."""
    image = image_from_pixels(noise()) if image is None else image
    answer = make_answer(image)
    turns = [Turn("user", "Detect all abnormalities.", (image,))]
    return make_record(
        turns,
        answer,
        OPENED,
        spec_id="medmo-4b",
        boxes=model_boxes(answer) if boxes is None else boxes,
        tokens=[5, 6, 7],
        **changes,  # type: ignore[arg-type]
    )


def make_drawn_case(image: LoadedImage | None = None) -> CaseRecord:
    """A record of two boxes that a user drew without a question."""
    image = image_from_pixels(noise()) if image is None else image
    boxes = BoxSet().added("scar", (50.5, 10.25, 70.0, 33.0)).added("nodule", (5.0, 6.0, 30.0, 20.0))
    return make_drawn_record(describe_image(image), boxes)


def corrected_boxes(boxes: BoxSet) -> BoxSet:
    """The first box moved, the second renamed, and one of the user's."""
    return boxes.moved("m0", (5.0, 6.0, 30.0, 20.0)).relabelled("m1", "fluid").added("scar", (50.5, 10.25, 70.0, 33.0))
