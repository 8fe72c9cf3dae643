"""Prompt presets per task.

The localize prompt is the one of MedMO's README (genmilab/MedMO, commit 4a9f45d).
"""

from __future__ import annotations

LOCALIZE_PROMPT = "Detect and localize all abnormalities in this image."
REPORT_PROMPT = "Write a short report for this image."
VQA_PROMPT = "What abnormalities are present in this image?"

#: The prompt that a task uses when the user gives none.
TASK_PROMPTS: dict[str, str] = {
    "localize": LOCALIZE_PROMPT,
    "report": REPORT_PROMPT,
    "vqa": VQA_PROMPT,
}
