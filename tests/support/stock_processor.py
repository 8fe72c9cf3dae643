"""What transformers' own processor makes of a conversation: the judge of our preprocessing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from transformers import AutoProcessor

from medmo_models.preprocessing import ChatTurn


def chat_messages(turns: Sequence[ChatTurn]) -> list[dict[str, Any]]:
    """Return a conversation in transformers' form, images before the text of their turn."""
    return [
        {
            "role": turn.role,
            "content": [
                *({"type": "image", "image": Image.fromarray(image)} for image in turn.images),
                {"type": "text", "text": turn.text},
            ],
        }
        for turn in turns
    ]


def stock_inputs(directory: Path, turns: Sequence[ChatTurn]) -> dict[str, Any]:
    """Return the torch tensors that ``AutoProcessor`` makes, ready for ``network(**inputs)``."""
    processor = AutoProcessor.from_pretrained(directory)
    made = processor.apply_chat_template(
        chat_messages(turns), tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
    )
    return dict(made)
