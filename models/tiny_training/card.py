"""Writes the model card and its picture grid from held-out answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from medmo_evaluation.phantom_run import AnsweredQuestion
from medmo_runtime.overlay import OverlayFinding, draw_overlay
from tiny_training.evaluate import Figures
from tiny_training.plan import Plan

_TILE = 320


def picture_grid(answers: Sequence[AnsweredQuestion], columns: int = 4, rows: int = 3) -> Image.Image:
    """Return the first localize answers as a grid: the model's boxes, the truth in the caption."""
    localized = [a for a in answers if a.question.task == "localize"][: columns * rows]
    grid = Image.new("RGB", (columns * _TILE, rows * _TILE), (24, 24, 24))
    for index, answer in enumerate(localized):
        findings = [OverlayFinding(f.label, tuple(b.pixels for b in f.boxes)) for f in answer.answer.findings]
        truth = ", ".join(f.label for f in answer.phantom.findings) or "nothing"
        picture = Image.fromarray(draw_overlay(answer.phantom.pixels, findings, caption=f"true: {truth}"))
        picture.thumbnail((_TILE - 8, _TILE - 8))
        grid.paste(picture, ((index % columns) * _TILE + 4, (index // columns) * _TILE + 4))
    return grid


def _row(name: str, figure: object) -> str:
    return f"| {name} | {figure} |"


def card_text(figures: Figures, plan: Plan, how: str) -> str:
    """Return the model card in Markdown; ``how`` says on what it was trained."""
    lines = [
        "---",
        "license: apache-2.0",
        "base_model_relation: none",
        "tags: [medmo-edge, qwen3_vl, phantoms, not-a-medical-device]",
        "---",
        "# medmo-tiny",
        "",
        "A very small Qwen3-VL (6.6 million parameters, bfloat16) trained from scratch on generated phantoms, so",
        "that every part of MedMO Edge runs and is measured in minutes on a laptop. **It is not a medical device,",
        "it has never seen a real image, and its answers about real images mean nothing.**",
        "",
        "It speaks MedMO's answer format (`Mass <box>[[633, 167, 860, 418]]</box>`, coordinates from 0 to 1000",
        "relative to the original image) and answers closed questions and short reports about chest-X-ray-like,",
        "CT-slice-like and fundus-like phantoms. Architecture, processor class and special tokens are Qwen3-VL's;",
        "DeepStack is on (vision blocks 1 and 2). Up to 49 image tokens.",
        "",
        "## Held-out figures",
        "",
        f"{figures.images} phantoms of seed {plan.held_out_seed} (training used seed {plan.data_seed}), greedy, asked",
        "through the `reference` backend in full precision. In brackets the 95 % bootstrap interval over images",
        "(over questions for accuracies).",
        "",
        "| figure | value |",
        "|---|---|",
        _row("box F1 at IoU 0.5", figures.f1_50),
        _row("mean IoU of matched boxes (every matched pair counts)", figures.mean_iou),
        _row("closed VQA accuracy", figures.vqa),
        *(_row(f"VQA: {task}", figure) for task, figure in figures.per_task.items()),
        *(_row(f"box F1 at IoU 0.5: {kind}", figure) for kind, figure in figures.per_modality_f1.items()),
        _row("recall at IoU 0.5, findings of 18 % of the image side or more", figures.large_recall),
        _row("recall at IoU 0.5, smaller findings", figures.small_recall),
        _row("short report exactly right", figures.report),
        "",
        "Matching is one to one within a label, maximizing the summed IoU (Hungarian algorithm).",
        "",
        "Pictures of held-out answers: `docs/images/medmo-tiny.png` in the repository.",
        "",
        "## Training",
        "",
        how,
        "",
        "Run it again with `python -m tiny_training` in `models/`; the plan is `models/tiny_training/plan.py`. It is",
        "seeded and resumes after an interruption.",
    ]
    return "\n".join(lines) + "\n"


def write_card(
    directory: Path, picture: Path, answers: Sequence[AnsweredQuestion], figures: Figures, plan: Plan, how: str
) -> None:
    """Write ``README.md`` (the card) and ``figures.json`` into ``directory``, and the picture grid to ``picture``."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture_grid(answers).quantize(128).save(picture, optimize=True)
    (directory / "README.md").write_text(card_text(figures, plan, how), encoding="utf-8")
    (directory / "figures.json").write_text(json.dumps(asdict(figures), indent=2) + "\n", encoding="utf-8")
