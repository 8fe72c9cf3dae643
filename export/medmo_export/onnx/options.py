"""How the weights of an ONNX artifact are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medmo_models.errors import InputError

#: Bits of a weight: 4 and 8 are packed, 16 and 32 are plain.
WeightBits = Literal[4, 8, 16, 32]


@dataclass(frozen=True)
class OnnxOptions:
    """Bits of each part; the text layers have 4, or 32 in an ``onnx-fp32`` export.

    Attributes
    ----------
    head_bits : {4, 8, 16, 32}
        The head is read whole for every token, like a layer of its own.
    embedding_bits : {16, 32}
        Only the rows of the prompt's tokens are ever read.
    vision_bits : {8, 16, 32}
    """

    head_bits: WeightBits = 8
    embedding_bits: WeightBits = 16
    vision_bits: WeightBits = 16


FULL_PRECISION = OnnxOptions(32, 32, 32)
_CHOICES: dict[str, tuple[WeightBits, ...]] = {
    "head bits": (4, 8, 16, 32),
    "embedding bits": (16, 32),
    "vision bits": (8, 16, 32),
}


def onnx_options(head_bits: int, embedding_bits: int, vision_bits: int) -> OnnxOptions:
    """Return the options for numbers that a user gave.

    Raises
    ------
    InputError
        If a number is not offered for its part.
    """
    chosen: list[WeightBits] = []
    for bits, (part, offered) in zip((head_bits, embedding_bits, vision_bits), _CHOICES.items(), strict=True):
        found = [choice for choice in offered if choice == bits]
        if not found:
            raise InputError(f"{part} can be {', '.join(map(str, offered))}, not {bits}.")
        chosen += found
    return OnnxOptions(*chosen)
