"""Prompts per task that the user starts from; free of Qt."""

from __future__ import annotations

from dataclasses import dataclass

from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT, VQA_PROMPT

#: Stands in a preset where the user types.
BLANK = "..."


@dataclass(frozen=True)
class Preset:
    """A task's prompt.

    ``blank`` is the start and end, in characters of ``prompt``, of what the user replaces; None if it can be asked as
    it is. ``needs_image`` is False for tasks about text.
    """

    task: str
    title: str
    prompt: str
    needs_image: bool = True

    @property
    def blank(self) -> tuple[int, int] | None:
        """Where the user types."""
        start = self.prompt.find(BLANK)
        return None if start < 0 else (start, start + len(BLANK))


#: The first three prompts are those that `medmo_models.prompts` gives each task; titles are translated where shown.
PRESETS: tuple[Preset, ...] = (
    Preset("vqa", "Question", VQA_PROMPT),
    Preset("report", "Report", REPORT_PROMPT),
    Preset("localize", "Localize all", LOCALIZE_PROMPT),
    Preset("ground", "Ground this structure", f"Detect and localize the {BLANK} in this image."),
    Preset("classify", "Classify", f"Which of these does the image show: {BLANK}? Answer with one of them."),
    Preset(
        "summarize",
        "Summarize a report",
        f"Summarize the findings of this radiology report into an impression of one or two sentences:\n{BLANK}",
        needs_image=False,
    ),
)
