"""Image tokens count in GPTQ's second moments as the option says."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from medmo_export.gptq.options import GptqOptions, check_options, grids
from medmo_models.errors import InputError
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.networks.streamed import DecoderInputs

with quiet_gptqmodel():
    from medmo_export.gptq.solver import SharedInput
    from medmo_export.gptq.token_weights import visual_token_weights

NAME = "model.language_model.layers.0.self_attn.o_proj"


def made_inputs(images: bool = True) -> DecoderInputs:
    generator = torch.Generator().manual_seed(4)
    hidden = torch.randn(1, 6, 128, generator=generator)
    visual = torch.tensor([[False, images, images, images, False, False]])
    return DecoderInputs(hidden, torch.ones(1, 6, 32), torch.ones(1, 6, 32), visual)


def moments(options: GptqOptions) -> torch.Tensor:
    inputs = made_inputs()
    shared = SharedInput({NAME: nn.Linear(128, 64, bias=False)}, options, grids(options))
    shared.add(inputs.hidden, None, visual_token_weights(options.visual_weight)(inputs))
    solver = shared._first
    solver.finalize_hessian()
    return solver.H / solver.H.trace()


@pytest.mark.parametrize("weight", [1.0, 0.25, 4.0])
def test_the_moments_are_the_weighted_sum_over_tokens(weight: float) -> None:
    inputs = made_inputs()
    hidden = inputs.hidden[0].double()
    expected = torch.zeros(128, 128, dtype=torch.float64)
    for token, is_visual in zip(hidden, inputs.visual[0].tolist(), strict=True):
        expected += (weight if is_visual else 1.0) * torch.outer(token, token)
    found = moments(dataclasses.replace(GptqOptions(), visual_weight=weight))
    torch.testing.assert_close(found.double(), expected / expected.trace(), atol=1e-5, rtol=1e-4)


def test_without_images_and_with_weight_1_no_token_is_weighed() -> None:
    assert visual_token_weights(0.1)(made_inputs(images=False)) is None
    assert visual_token_weights(1.0)(made_inputs()) is None


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_must_be_above_0(weight: float) -> None:
    with pytest.raises(InputError, match="weight of image tokens"):
        check_options(dataclasses.replace(GptqOptions(), visual_weight=weight), {})
