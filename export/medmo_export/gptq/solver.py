"""GPTQModel's solver, for linear layers that share one input.

Import this module inside `medmo_models.networks.gptqmodel_library.quiet_gptqmodel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from gptqmodel import QuantizeConfig
from gptqmodel.looper.named_module import NamedModule
from gptqmodel.looper.native_processor import NATIVE_INPUTS_STATE_KEY
from gptqmodel.quantization.config import GPTAQConfig
from gptqmodel.quantization.gptaq import GPTAQ
from gptqmodel.quantization.gptq import GPTQ
from torch import nn

from medmo_export.gptq.options import GptqOptions, Grid, Grids
from medmo_export.gptq.packing import pack_linear
from medmo_models.errors import CannotRunError


@dataclass(frozen=True)
class Quantized:
    """One quantized linear layer.

    Attributes
    ----------
    weight : Tensor, shape (outputs, inputs)
        The values that the following layers are calibrated with; in the layer's dtype.
    packed : dict
        Its tensors in GPTQ's layout, see `pack_linear`.
    """

    weight: torch.Tensor
    packed: dict[str, torch.Tensor]


class SharedInput:
    """The second moments of an input, and the linear layers that it goes into.

    Parameters
    ----------
    linears : mapping of str to nn.Linear
        By module name; all take the same input.
    options : GptqOptions
    grids : Grids
    """

    def __init__(self, linears: Mapping[str, nn.Linear], options: GptqOptions, grids: Grids) -> None:
        self._gptaq = options.gptaq > 0
        self._solvers = {name: _solver(name, linear, options, grids(name)) for name, linear in linears.items()}
        self._bits = {name: grids(name).bits for name in linears}
        self._first = next(iter(self._solvers.values()))

    def add(
        self, inputs: torch.Tensor, exact: torch.Tensor | None = None, token_weights: torch.Tensor | None = None
    ) -> None:
        """Count one sample's input in.

        Parameters
        ----------
        inputs : Tensor, shape (1, tokens, inputs)
            As the layers before, already quantized, make it.
        exact : Tensor of the same shape, optional
            As the source makes it; GPTAQ needs it.
        token_weights : Tensor, shape (tokens,), optional
            How much each token counts; all the same if not given.
        """
        if token_weights is not None:
            roots = token_weights.to(inputs).sqrt()[:, None]
            inputs, exact = inputs * roots, None if exact is None else exact * roots
        if self._gptaq:
            self._first.native_inps = [exact]
        self._first.add_batch(inputs, None)

    def quantize(self) -> Iterator[tuple[str, Quantized]]:
        """Yield each layer's name and result; the moments are used up.

        Raises
        ------
        CannotRunError
            If the calibration makes no sound moments of this input.
        InputError
            If the values do not fit GPTQ's format.
        """
        for solver in self._solvers.values():
            if solver is not self._first:
                self._share_moments(solver)
        for name, solver in self._solvers.items():
            weight, scales, zeros, groups = _solve(name, solver)
            solver.free()
            yield name, Quantized(weight, pack_linear(name, weight, scales, zeros, groups, self._bits[name]))

    def _share_moments(self, solver: Any) -> None:
        if not self._gptaq:
            solver.adopt_hessian_from(self._first)
            return
        solver.H, solver.dXXT = self._first.H.clone(), self._first.dXXT.clone()
        solver.nsamples = self._first.nsamples
        solver._gptaq_batch_request_count = self._first._gptaq_batch_request_count


def _solve(name: str, solver: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return GPTQModel's values, scales, zero points and the group of each input.

    A matrix that cannot be inverted makes GPTQModel 7.7.0 round instead, with only a log line; it then reports a
    damping of 1. GPTAQ fails on a missing inverse.
    """
    trouble = f"GPTQ finds no solution for {name}; use more calibration samples or more damping."
    try:
        weight, scales, zeros, groups, _, _, damping, _ = solver.quantize()
    except (ValueError, AttributeError) as error:
        raise CannotRunError(trouble) from error
    if damping >= 1:
        raise CannotRunError(trouble)
    return weight, scales, zeros, groups


def _solver(name: str, linear: nn.Linear, options: GptqOptions, grid: Grid) -> Any:
    settings = QuantizeConfig(
        bits=grid.bits,
        group_size=grid.group_size,
        desc_act=options.activation_order,
        sym=options.symmetric,
        damp_percent=options.damping,
        mse=options.scale_search,
        gptaq=None if options.gptaq == 0 else GPTAQConfig(alpha=options.gptaq),
        fallback=None,  # by default, layers with few samples are rounded instead, without a word
        offload_to_disk=False,
    )
    index = int(name.rpartition("layers.")[2].partition(".")[0])
    module = NamedModule(linear, name.rpartition(".")[2], name, index)
    if options.gptaq == 0:
        solver = GPTQ(module, settings)
        solver.fallback = None
    else:
        module.state[NATIVE_INPUTS_STATE_KEY] = []
        solver = GPTAQ(module, settings)
    solver.quantizer.configure(perchannel=True)
    return solver
