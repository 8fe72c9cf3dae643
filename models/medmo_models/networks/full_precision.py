"""Loads full-precision and bitsandbytes checkpoints with transformers."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import Qwen3VLForConditionalGeneration

from medmo_models.errors import InputError
from medmo_models.networks.bitsandbytes import bitsandbytes_settings, compute_in, quantize_while_loading
from medmo_models.networks.quiet import quiet_transformers


def load_full_precision(
    directory: Path, *, device: str | dict[str, str], dtype: torch.dtype, attention: str = "sdpa"
) -> Qwen3VLForConditionalGeneration:
    """Load a checkpoint that transformers reads by itself, in evaluation mode; also bitsandbytes' 4-bit ones.

    Parameters
    ----------
    directory : Path
    device : str or dict
        A torch device, or accelerate's map from parts to devices.
    dtype : torch.dtype
        Of activations and of the weights that are not in 4 bits.
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
    if getattr(network, "is_loaded_in_4bit", False):
        compute_in(network, dtype)
    return network.eval()


def load_rounded_to_nf4(
    directory: Path, *, device: str | dict[str, str], dtype: torch.dtype
) -> Qwen3VLForConditionalGeneration:
    """Quantize a full-precision checkpoint to nf4 while it loads: what a saved ``bnb-nf4`` export of it computes.

    Raises
    ------
    InputError
        If transformers cannot read the checkpoint.
    """
    network = quantize_while_loading(directory, bitsandbytes_settings("nf4"), device=device)
    compute_in(network, dtype)
    return network
