"""How to quantize with GPTQ."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from medmo_models.errors import InputError

#: What every backend of the runtime and the ONNX export can read.
GROUP_SIZES = (32, 64, 128)
#: Bits of a layer that a recipe protects.
PROTECTED_BITS = 8


@dataclass(frozen=True)
class GptqOptions:
    """How to quantize; what each default gave: docs/quantization.md, Options of GPTQ.

    Attributes
    ----------
    bits : int
        4 is the only width.
    group_size : int
        How many inputs of a layer share a scale: 32, 64 or 128.
    activation_order : bool
        Quantize inputs with large activations first (``desc_act``); slower to run.
    symmetric : bool
        Zero point in the middle.
    damping : float
        Share of the mean of the Hessian's diagonal that is added to it; the default is GPTQModel's.
    scale_search : float
        Power of the error that a search for each group's scale minimizes (GPTQ's ``mse``), for example 2.4; 0 takes the
        scale from the largest weight.
    gptaq : float
        Share of the correction for errors of earlier layers (GPTAQ, Li et al. 2025, arXiv:2504.02692, ``alpha``); 0
        leaves it out.
    visual_weight : float
        How much an image token counts in the calibration, where a text token counts 1.
    protected : tuple of str
        Module names of layers that get 8 bits, sorted; see `medmo_export.recipe`.
    """

    bits: int = 4
    group_size: int = 128
    activation_order: bool = False
    symmetric: bool = True
    damping: float = 0.05
    scale_search: float = 0.0
    gptaq: float = 0.0
    visual_weight: float = 1.0
    protected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grid:
    """How finely one linear layer is quantized: bits of a weight, and inputs that share a scale."""

    bits: int
    group_size: int


#: Gives the grid of a linear layer by its module name.
Grids = Callable[[str], Grid]


def grids(options: GptqOptions) -> Grids:
    """Return each layer's grid as the options say."""
    plain, fine = Grid(options.bits, options.group_size), Grid(PROTECTED_BITS, options.group_size)
    return lambda name: fine if name in options.protected else plain


def check_options(options: GptqOptions, layers: Mapping[str, tuple[int, int]]) -> None:
    """Refuse options that are out of range or do not fit a model's layers.

    Parameters
    ----------
    options : GptqOptions
    layers : mapping of str to (int, int)
        ``(out_features, in_features)`` of each layer to quantize, by name.

    Raises
    ------
    InputError
        The text names the option.
    """
    if options.bits != 4:
        raise InputError(f"GPTQ exports have 4 bits, not {options.bits}.")
    if options.group_size not in GROUP_SIZES:
        raise InputError(f"The group size must be 32, 64 or 128, not {options.group_size}.")
    if not 0 < options.damping < 1:
        raise InputError(f"The damping must lie between 0 and 1; {options.damping} does not.")
    if options.scale_search < 0:
        raise InputError(f"The power of the scale search must be 0 or more; {options.scale_search} is not.")
    if not 0 <= options.gptaq <= 1:
        raise InputError(f"GPTAQ's share must lie between 0 and 1; {options.gptaq} does not.")
    if not 0 < options.visual_weight < math.inf:
        raise InputError(f"The weight of image tokens must be above 0; {options.visual_weight} is not.")
    for layer, (_, inputs) in layers.items():
        if inputs % options.group_size:
            raise InputError(
                f"The group size {options.group_size} does not divide the {inputs} inputs of {layer}; "
                "choose a smaller one."
            )
