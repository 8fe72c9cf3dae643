"""Loads full-precision and bitsandbytes checkpoints with transformers."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_models.errors import InputError
from medmo_models.networks.quiet import quiet_transformers


def load_full_precision(
    directory: Path, *, device: str | dict[str, str], dtype: torch.dtype, attention: str = "sdpa"
) -> Qwen3VLForConditionalGeneration:
    """Load a checkpoint that transformers reads by itself, in evaluation mode.

    Parameters
    ----------
    directory : Path
    device : str or dict
        A torch device, or accelerate's map from parts to devices.
    dtype : torch.dtype
        Of weights and activations.
    attention : str, default "sdpa"
        transformers' attention implementation; ``eager`` would hold every attention matrix in memory.

    Raises
    ------
    InputError
        If transformers cannot read the checkpoint.
    """
    try:
        with quiet_transformers():
            network = Qwen3VLForConditionalGeneration.from_pretrained(
                directory,
                dtype=dtype,
                device_map={"": device} if isinstance(device, str) else device,
                attn_implementation=attention,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
            )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{directory} cannot be loaded as a Qwen3-VL checkpoint: {error}") from error
    return network.eval()


def load_bitsandbytes(
    directory: Path, *, device: str | dict[str, str], dtype: torch.dtype
) -> Qwen3VLForConditionalGeneration:
    """Load a bitsandbytes 4-bit checkpoint; products are computed in ``dtype`` whatever it was written with.

    Raises
    ------
    InputError
        If transformers cannot read the checkpoint.
    """
    import bitsandbytes

    network = load_full_precision(directory, device=device, dtype=dtype)
    # transformers 5.23 leaves the unquantized weights of a quantized checkpoint in the dtype they were saved in.
    for parameter in network.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(dtype)
    for module in network.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.compute_dtype = dtype
            module.compute_type_is_set = True
    return network
