"""Quantizes a checkpoint to bitsandbytes 4-bit (nf4 with double quantization)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medmo_export.checkpoint_files import copy_companions, write_config
from medmo_models.networks.quiet import quiet_transformers

#: Modules that stay in 16 bits. transformers' default would quantize the vision tower; leaving out the
#: head breaks checkpoints whose head is tied to the embedding.
HIGH_PRECISION = {
    "model.visual": "vision features lose accuracy in 4 bits, and the tower is small",
    "lm_head": "tied to the embedding in the 4B model, and sensitive in the 8B model",
}


@dataclass(frozen=True)
class BnbOptions:
    """Options of a bitsandbytes export.

    Attributes
    ----------
    double_quantization : bool
        Also quantize the scales (saves about 0.4 bits per weight).
    """

    double_quantization: bool = True


def quantize_bnb(checkpoint: Path, destination: Path, options: BnbOptions, *, device: str = "cpu") -> None:
    """Write ``checkpoint`` in nf4 into ``destination``.

    Parameters
    ----------
    checkpoint : Path
        A full-precision Qwen3-VL checkpoint.
    destination : Path
        An empty staging directory that the caller owns.
    options : BnbOptions
    device : str
        Where to quantize, for example ``cpu`` or ``cuda:0``.

    Notes
    -----
    Saved before any forward pass: on a CPU, the first forward repacks the weights in memory, and saving
    afterwards would write the repacked ones (measured with bitsandbytes 0.50.2: 84 tensors differ).
    """
    import torch
    from transformers import BitsAndBytesConfig, Qwen3VLForConditionalGeneration

    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=options.double_quantization,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=list(HIGH_PRECISION),
    )
    with quiet_transformers():
        network: Any = Qwen3VLForConditionalGeneration.from_pretrained(
            checkpoint,
            quantization_config=settings,
            dtype=torch.bfloat16,
            device_map={"": device},
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        network.save_pretrained(destination, safe_serialization=True)
    copy_companions(checkpoint, destination)
    write_config(checkpoint, destination)
