"""The solver's step: grids by name, and tokens that count more than others."""

from __future__ import annotations

import torch
from torch import nn

from medmo_export.gptq.options import GptqOptions, Grid
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel

INPUTS, OUTPUTS, TOKENS = 128, 64, 400
NAMES = ("model.layers.3.mlp.gate_proj", "model.layers.3.mlp.up_proj")


def linears() -> dict[str, nn.Linear]:
    torch.manual_seed(0)
    return {name: nn.Linear(INPUTS, OUTPUTS, bias=False) for name in NAMES}


def inputs() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    mixed = torch.randn((INPUTS, INPUTS), generator=generator)
    return torch.randn((1, TOKENS, INPUTS), generator=generator) @ mixed


def solve(
    samples: torch.Tensor, weights: torch.Tensor | None = None, bits: dict[str, int] | None = None
) -> dict[str, tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    with quiet_gptqmodel(), torch.inference_mode():
        from medmo_export.gptq.solver import SharedInput

        shared = SharedInput(linears(), GptqOptions(), lambda name: Grid((bits or {}).get(name, 4), 64))
        shared.add(samples, None, weights)
        return {name: (result.weight, result.packed) for name, result in shared.quantize()}


def output_error(made: torch.Tensor, name: str, samples: torch.Tensor) -> float:
    return float((samples @ (made - linears()[name].weight).T).detach().norm())


def test_layers_of_one_input_get_the_result_that_each_would_get_alone() -> None:
    both = solve(inputs())
    for name in NAMES:
        with quiet_gptqmodel(), torch.inference_mode():
            from medmo_export.gptq.solver import SharedInput

            alone = SharedInput({name: linears()[name]}, GptqOptions(), lambda _name: Grid(4, 64))
            alone.add(inputs())
            ((_, result),) = alone.quantize()
        assert both[name][0].equal(result.weight)


def test_a_layer_may_have_more_bits_than_its_neighbour() -> None:
    plain, mixed = solve(inputs()), solve(inputs(), bits={NAMES[1]: 8})
    assert mixed[NAMES[0]][1]["qweight"].equal(plain[NAMES[0]][1]["qweight"])
    assert mixed[NAMES[1]][1]["qweight"].numel() == 2 * plain[NAMES[1]][1]["qweight"].numel()
    assert output_error(mixed[NAMES[1]][0], NAMES[1], inputs()) < 0.1 * output_error(
        plain[NAMES[1]][0], NAMES[1], inputs()
    )


def test_tokens_of_weight_zero_are_as_if_left_out() -> None:
    weights = torch.ones(TOKENS)
    weights[300:] = 0
    weighted, short = solve(inputs(), weights), solve(inputs()[:, :300])
    for name in NAMES:
        same = (weighted[name][0] == short[name][0]).float().mean()
        assert same > 0.99  # the moments differ by a factor, hence by rounding


def test_heavy_tokens_are_served_better() -> None:
    weights = torch.ones(TOKENS)
    weights[:40] = 100
    heavy = inputs()[:, :40]
    for name in NAMES:
        assert output_error(solve(inputs(), weights)[name][0], name, heavy) < output_error(
            solve(inputs())[name][0], name, heavy
        )
