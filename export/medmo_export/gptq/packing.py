"""Packs quantized values into GPTQ's layout, version 1, which stores zero points less one."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from medmo_models.errors import InputError


def pack_linear(
    name: str, weight: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor, groups: torch.Tensor, bits: int
) -> dict[str, torch.Tensor]:
    """Pack one quantized weight.

    Parameters
    ----------
    name : str
        The layer's, for error texts.
    weight : Tensor, shape (outputs, inputs)
        Values on the grid of ``scales`` and ``zeros``: (code - zero) * scale.
    scales, zeros : Tensor of float32, shape (outputs, groups)
    groups : Tensor of int32, shape (inputs,)
        The group of each input.
    bits : {2, 4, 8}
        Of a code.

    Returns
    -------
    dict
        ``qweight`` int32 (inputs * bits / 32, outputs), ``qzeros`` int32 (groups, outputs * bits / 32), ``scales``
        float16 (groups, outputs), ``g_idx`` int32 (inputs,).

    Raises
    ------
    InputError
        If a zero point is 0: less one it would borrow from the next one in its word.
    """
    if bool((zeros < 1).any()):
        raise InputError(f"{name} needs a zero point of 0, which GPTQ's format cannot store; quantize symmetrically.")
    index = groups.long()
    codes = ((weight.float() + (zeros * scales)[:, index]) / scales[:, index]).round_().clamp_(0, 2**bits - 1)
    return {
        "qweight": _words(codes.T.cpu(), bits, axis=0),
        "qzeros": _words(zeros.T.cpu() - 1, bits, axis=1),
        "scales": scales.T.contiguous().to("cpu", torch.float16),
        "g_idx": groups.to("cpu", torch.int32),
    }


def _words(values: torch.Tensor, bits: int, axis: int) -> torch.Tensor:
    """Put ``32 / bits`` neighbours along ``axis`` (0 or 1) into one int32 word, the first in the lowest bits."""
    codes = values.numpy().astype(np.uint32)
    per_word = 32 // bits
    parts: NDArray[np.uint32] = np.moveaxis(codes, axis, 0).reshape(-1, per_word, codes.shape[1 - axis])
    words = np.zeros((len(parts), parts.shape[2]), dtype=np.uint32)
    for place in range(per_word):
        words |= parts[:, place] << np.uint32(bits * place)
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(words, 0, axis)).view(np.int32))
