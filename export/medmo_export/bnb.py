"""Quantizes a checkpoint to 4 bits with bitsandbytes: nf4 or fp4, with double quantization."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medmo_export.checkpoint_files import copy_companions, write_config
from medmo_models.networks.bitsandbytes import (
    HIGH_PRECISION,
    QuantType,
    bitsandbytes_settings,
    quantize_while_loading,
)
from medmo_models.networks.quiet import quiet_transformers

__all__ = ["HIGH_PRECISION", "BnbOptions", "quantize_bnb"]


@dataclass(frozen=True)
class BnbOptions:
    """Options of a bitsandbytes export.

    Attributes
    ----------
    quant_type : {"nf4", "fp4"}
        Which 16 values a weight can have (`QuantType`).
    double_quantization : bool
        Also quantize the scales (saves about 0.4 bits per weight).
    """

    quant_type: QuantType = "nf4"
    double_quantization: bool = True


def quantize_bnb(checkpoint: Path, destination: Path, options: BnbOptions, *, device: str = "cpu") -> None:
    """Write ``checkpoint`` in 4 bits into ``destination``.

    Parameters
    ----------
    checkpoint : Path
        A full-precision Qwen3-VL checkpoint.
    destination : Path
        An empty staging directory that the caller owns.
    options : BnbOptions
    device : str
        Where to quantize, for example ``cpu`` or ``cuda:0``.

    Raises
    ------
    InputError
        If transformers cannot read the checkpoint.

    Notes
    -----
    Saved before any forward pass: on a CPU, the first forward repacks the weights in memory, and saving
    afterwards would write the repacked ones (measured with bitsandbytes 0.50.2: 84 tensors differ).
    """
    settings = bitsandbytes_settings(options.quant_type, double_quantization=options.double_quantization)
    network = quantize_while_loading(checkpoint, settings, device=device)
    with quiet_transformers():
        network.save_pretrained(destination, safe_serialization=True)
    copy_companions(checkpoint, destination)
    write_config(checkpoint, destination)
