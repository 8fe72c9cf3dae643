"""GPTQ's layout, version 1, written from values on a grid."""

from __future__ import annotations

import pytest
import torch

from medmo_export.gptq.packing import pack_linear
from medmo_models.errors import InputError
from medmo_models.networks.dequantized import unpack_gptq

OUTPUTS, INPUTS, GROUP = 16, 64, 32


def grid(bits: int, lowest_zero: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return random codes (outputs, inputs), scales and zero points (outputs, groups), and each input's group."""
    generator = torch.Generator().manual_seed(0)
    groups = INPUTS // GROUP
    codes = torch.randint(0, 2**bits, (OUTPUTS, INPUTS), generator=generator).float()
    scales = torch.rand((OUTPUTS, groups), generator=generator).half().float() + 0.25
    zeros = torch.randint(lowest_zero, 2**bits, (OUTPUTS, groups), generator=generator).float()
    order = torch.randperm(INPUTS, generator=generator)
    return codes, scales, zeros, (order // GROUP).to(torch.int32)


def test_what_is_packed_unpacks_to_the_same_values() -> None:
    codes, scales, zeros, groups = grid(4)
    index = groups.long()
    weight = (codes - zeros[:, index]) * scales[:, index]
    packed = pack_linear("layer", weight, scales, zeros, groups, 4)
    unpacked = unpack_gptq({f"layer.{part}": value for part, value in packed.items()})["layer.weight"]
    torch.testing.assert_close(unpacked, weight, atol=2e-3, rtol=1e-3)  # scales are stored in 16 bits


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_words_hold_the_codes_lowest_bits_first(bits: int) -> None:
    codes, scales, zeros, groups = grid(bits)
    index = groups.long()
    packed = pack_linear("layer", (codes - zeros[:, index]) * scales[:, index], scales, zeros, groups, bits)
    per_word = 32 // bits
    assert packed["qweight"].shape == (INPUTS // per_word, OUTPUTS)
    assert packed["qzeros"].shape == (INPUTS // GROUP, OUTPUTS // per_word)
    mask = 2**bits - 1
    for row in range(INPUTS):
        stored = (packed["qweight"][row // per_word] >> (bits * (row % per_word))) & mask
        assert stored.equal(codes[:, row].int())
    for output in range(OUTPUTS):
        stored = (packed["qzeros"][:, output // per_word] >> (bits * (output % per_word))) & mask
        assert stored.equal(zeros[output].int() - 1)


def test_a_zero_point_of_zero_is_refused() -> None:
    codes, scales, zeros, groups = grid(4)
    zeros[3, 1] = 0
    with pytest.raises(InputError, match=r"mlp\.down_proj needs a zero point of 0"):
        pack_linear("mlp.down_proj", codes, scales, zeros, groups, 4)
