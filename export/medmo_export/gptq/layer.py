"""Quantizes one decoder layer: each group of linear layers on inputs that the quantized ones before it make.

Import this module inside `medmo_models.networks.gptqmodel_library.quiet_gptqmodel`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from medmo_export.gptq.options import GptqOptions, Grids
from medmo_export.gptq.samples import SamplePair
from medmo_export.gptq.solver import SharedInput
from medmo_models.networks.streamed import DecoderInputs, run_layer

#: Linear layers of a decoder layer, those together that take the same input, in the order of the computation.
SHARED_INPUTS = (
    ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    ("self_attn.o_proj",),
    ("mlp.gate_proj", "mlp.up_proj"),
    ("mlp.down_proj",),
)
#: Gives how much each token of a sample counts, shape (tokens,); None where all count the same.
TokenWeights = Callable[[DecoderInputs], torch.Tensor | None]


def quantize_layer(
    layer: nn.Module,
    name: str,
    samples: Callable[[], Iterable[SamplePair]],
    options: GptqOptions,
    grids: Grids,
    *,
    source: nn.Module | None = None,
    token_weights: TokenWeights = lambda _inputs: None,
    step: Callable[[], None] = lambda: None,
) -> dict[str, torch.Tensor]:
    """Quantize a decoder layer in place.

    Parameters
    ----------
    layer : nn.Module
        With its weights; the quantized values are put back.
    name : str
        Its module name.
    samples : callable
        Reads the calibration samples again, one at a time; called once per entry of `SHARED_INPUTS`.
    options : GptqOptions
    grids : Grids
    source : nn.Module, optional
        The layer as it was, for GPTAQ.
    token_weights : TokenWeights
    step : callable
        Called after each sample and each linear layer; may raise to stop.

    Returns
    -------
    dict
        The packed tensors by full name.
    """
    packed: dict[str, torch.Tensor] = {}
    for group in SHARED_INPUTS:
        shared = SharedInput({f"{name}.{part}": _linear(layer, part) for part in group}, options, grids)
        for quantized, exact in samples():
            reached = inputs_of(layer, group[0], quantized)
            wanted = None if source is None or exact is None else inputs_of(source, group[0], exact)
            shared.add(reached, wanted, token_weights(quantized))
            step()
        for linear, result in shared.quantize():
            _linear(layer, linear.removeprefix(f"{name}.")).weight.data.copy_(result.weight)
            packed |= {f"{linear}.{part}": value for part, value in result.packed.items()}
            step()
    return packed


def inputs_of(layer: nn.Module, part: str, inputs: DecoderInputs) -> torch.Tensor:
    """Run a decoder layer as far as one of its linear layers, and return that one's input."""
    seen: list[torch.Tensor] = []

    def stop(_module: Any, arguments: tuple[torch.Tensor, ...]) -> None:
        seen.append(arguments[0])
        raise _ReachedError

    watch = layer.get_submodule(part).register_forward_pre_hook(stop)
    try:
        run_layer(layer, inputs)
    except _ReachedError:
        pass
    finally:
        watch.remove()
    return seen[0]


class _ReachedError(Exception):
    """Ends a forward pass at the module of interest."""


def _linear(layer: nn.Module, part: str) -> nn.Linear:
    module = layer.get_submodule(part)
    assert isinstance(module, nn.Linear)
    return module
