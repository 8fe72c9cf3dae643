"""Reports of chest films as MedEvalKit reads them: IU X-ray, MIMIC-CXR and CheXpert Plus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medmo_evaluation.datasets import medevalkit_prompts as prompts
from medmo_evaluation.datasets.listed import ListedDataset, Skips, image_inside
from medmo_evaluation.datasets.medevalkit_vqa import json_entries
from medmo_evaluation.datasets.sample import EvaluationSample


def open_reports(folder: Path, name: str) -> ListedDataset[dict[str, Any]]:
    """Open ``test.json`` (image, findings, impression) and ``images/``; empty reports are skipped."""
    skips, rows = Skips(), []
    for number, entry in enumerate(json_entries(folder / "test.json")):
        identity = f"{name}-{entry.get('id', number)}"
        images = entry.get("image") or []
        files = tuple(
            image_inside(folder / "images", str(image)) for image in ([images] if isinstance(images, str) else images)
        )
        findings, impression = (str(entry.get(key) or "").strip() for key in ("findings", "impression"))
        if skips.is_duplicate(identity) or skips.is_missing(identity, files):
            continue
        if not files or not (findings or impression):
            skips.add(identity, "it has no image" if not files else "its findings and impression are empty")
            continue
        report = f"Findings: {findings or 'None'} Impression: {impression or 'None'}."
        rows.append({"id": identity, "files": files, "report": report})

    def make(entry: dict[str, Any]) -> EvaluationSample:
        return EvaluationSample(
            id=entry["id"],
            scoring="report",
            task=f"{name} report",
            modality="chest X-ray",
            prompt=prompts.REPORT,
            images=entry["files"],
            answer=entry["report"],
        )

    return ListedDataset(name, rows, make, skips.samples)
