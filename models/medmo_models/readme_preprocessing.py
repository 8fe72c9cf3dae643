"""MedMO's README script, step for step: for people who must match published numbers.

The README (genmilab/MedMO, commit 4a9f45d) resizes each image with qwen-vl-utils to multiples of 28
pixels, then the processor resizes it again to multiples of 32. Both steps are run by the README's own
libraries here, which need torch and torchvision; nothing is capped.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from medmo_models.errors import InputError
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, refuse_control_tokens, refuse_thin_image


class ReadmePreparer:
    """Prepares prompts the way MedMO's README does; same contract as `PromptPreparer`."""

    def __init__(self, directory: Path) -> None:
        try:
            import qwen_vl_utils  # noqa: F401
            import torchvision  # noqa: F401
        except ImportError as error:
            raise InputError(
                "--preprocessing readme runs the README's own libraries: install medmo-edge[torch] first."
            ) from error
        from transformers import AutoProcessor

        self._processor = AutoProcessor.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
        self.images = self._processor.image_processor
        self.tokenizer = self._processor.tokenizer

    def prepare(self, turns: Sequence[ChatTurn], *, add_generation_prompt: bool = True) -> PreparedPrompt:
        """Run the README's steps on a conversation (see `PromptPreparer.prepare`)."""
        from qwen_vl_utils import process_vision_info

        messages: list[dict[str, Any]] = []
        for turn in turns:
            refuse_control_tokens(self.tokenizer, turn.text)
            for image in turn.images:
                refuse_thin_image(image.shape[1], image.shape[0])
            parts: list[dict[str, Any]] = [{"type": "image", "image": Image.fromarray(i)} for i in turn.images]
            messages.append({"role": turn.role, "content": [*parts, {"type": "text", "text": turn.text}]})
        text = self._processor.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=add_generation_prompt
        )
        images, videos = process_vision_info(messages)
        for resized in images or ():
            refuse_thin_image(*resized.size)
        made = self._processor(text=[text], images=images, videos=videos, padding=True, return_tensors="pt")
        ids = made["input_ids"][0].numpy().astype(np.int64)
        if images is None:
            return PreparedPrompt(ids, np.zeros_like(ids), None, None, ())
        grids = made["image_grid_thw"].numpy().astype(np.int64)
        patch = int(self._processor.image_processor.patch_size)
        return PreparedPrompt(
            ids,
            made["mm_token_type_ids"][0].numpy().astype(np.int64),
            made["pixel_values"].numpy().astype(np.float32),
            grids,
            tuple((int(grid[2]) * patch, int(grid[1]) * patch) for grid in grids),
        )
