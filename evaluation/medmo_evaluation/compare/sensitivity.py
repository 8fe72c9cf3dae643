"""Which layers hurt most: the KLD when only one layer's weights are rounded, and the recipe that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medmo_evaluation.compare.answering import answer_logits, load
from medmo_evaluation.compare.controls import round_weight
from medmo_evaluation.compare.request import CompareRequest, RoundToNearest, reference_dtype
from medmo_evaluation.datasets import open_dataset
from medmo_evaluation.metrics.token_metrics import ReferenceDistributions, compare_tokens, keep_distributions
from medmo_export.gptq.options import PROTECTED_BITS
from medmo_export.recipe import average_bits, fused_with
from medmo_models.artifact import open_model
from medmo_models.artifact.weights import TEXT_LINEAR
from medmo_models.errors import InputError
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.session import Session

if TYPE_CHECKING:
    import torch

_CONTROL = RoundToNearest(4, 128)
#: Stored bits per weight that a recipe may use on average unless told otherwise.
DEFAULT_BUDGET_BITS = 4.5


@dataclass(frozen=True)
class LayerSensitivity:
    """One linear layer: its weights, the mean KLD with it alone rounded, and the bits of a weight in the recipe."""

    layer: str
    weights: int
    mean_kld: float
    proposed_bits: int


@dataclass(frozen=True)
class SensitivityScan:
    """The layers, the worst first; ``method`` says what was done to each.

    ``average_bits`` is what the recipe stores at most per weight, scales and all, and ``budget_bits`` what it may.
    """

    method: str
    samples: int
    tokens: int
    average_bits: float
    budget_bits: float
    layers: tuple[LayerSensitivity, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the scan as JSON-ready values."""
        return asdict(self)


def scan_layers(
    request: CompareRequest,
    samples: int,
    progress: Callable[[str, int, int], None],
    budget_bits: float = DEFAULT_BUDGET_BITS,
) -> SensitivityScan:
    """Round every linear layer of the text model alone and measure the mean KLD from the unrounded reference.

    Parameters
    ----------
    request : CompareRequest
    samples : int
        How many samples of the dataset, spread over it.
    progress : callable
    budget_bits : float
        Stored bits per weight that the recipe may use on average.

    Raises
    ------
    InputError
        If the budget does not even hold 4 bits everywhere.
    """
    dataset = open_dataset(request.data)
    count = min(samples, len(dataset))
    chosen = [dataset[int(place)] for place in np.linspace(0, len(dataset) - 1, count)]
    reference = open_model(request.reference)
    with Session.open(
        [reference], backend="reference", device=request.device, dtype=reference_dtype(request, reference)
    ) as session:
        asked = [
            session.ask_with_tokens(
                [load(image) for image in sample.images], sample.prompt, max_new_tokens=request.max_new_tokens
            )
            for sample in chosen
        ]
        pairs = []
        for one in asked:
            logits = answer_logits(session, one.prompt, one.tokens)
            labels = np.asarray([*one.tokens, int(logits[-1].argmax())], dtype=np.int64)
            pairs.append((one.prompt, keep_distributions(logits, labels, None)))
        layers = _linear_layers(session)
        shapes = {name: (module.out_features, module.in_features) for name, module in layers}
        check_budget(shapes, budget_bits)
        klds: dict[str, float] = {}
        for done, (name, module) in enumerate(layers):
            progress("layers alone", done, len(layers))
            klds[name] = _kld_with_rounded(session, module, pairs)
    return propose(shapes, klds, budget_bits, count, sum(len(kept.labels) for _, kept in pairs))


def _linear_layers(session: Session) -> list[tuple[str, Any]]:
    network: Any = session.model.network  # type: ignore[attr-defined]
    return [
        (name, module)
        for name, module in network.named_modules()
        if TEXT_LINEAR.search(f"{name}.") and hasattr(module, "weight")
    ]


def _kld_with_rounded(
    session: Session, module: Any, pairs: Sequence[tuple[PreparedPrompt, ReferenceDistributions]]
) -> float:
    whole: torch.Tensor = module.weight.data
    module.weight.data = round_weight(whole, _CONTROL.bits, _CONTROL.group_size)
    try:
        klds: list[float] = []
        for prompt, reference in pairs:
            logits = answer_logits(session, prompt, reference.labels[:-1])
            klds += compare_tokens(reference, logits).kld
        return float(np.mean(klds))
    finally:
        module.weight.data = whole


def check_budget(shapes: Mapping[str, tuple[int, int]], budget_bits: float) -> None:
    """Raise InputError if the budget does not even hold 4 bits everywhere."""
    plain = average_bits(shapes, (), _CONTROL.group_size)
    if budget_bits < plain:
        raise InputError(
            f"4 bits everywhere take {plain:.2f} bits per weight with their scales; "
            f"--per-layer-bits {budget_bits:g} leaves nothing for a recipe."
        )


def propose(
    shapes: Mapping[str, tuple[int, int]], klds: Mapping[str, float], budget_bits: float, samples: int, tokens: int
) -> SensitivityScan:
    """Protect what costs the most KLD per weight within the budget; layers of one fused product together.

    Parameters
    ----------
    shapes : mapping of str to (int, int)
        ``(out_features, in_features)`` of each layer.
    klds : mapping of str to float
        Mean KLD with a layer alone rounded. That of a fused product is taken to be the sum over its layers.
    budget_bits : float
    samples, tokens : int
        What the KLDs were measured on.
    """
    weights = {name: outputs * inputs for name, (outputs, inputs) in shapes.items()}
    products = {fused_with(name) for name in shapes}

    def cost_of_rounding(product: tuple[str, ...]) -> float:
        return sum(klds[name] for name in product) / sum(weights[name] for name in product)

    protected: set[str] = set()
    for product in sorted(products, key=lambda product: (-cost_of_rounding(product), product)):
        if average_bits(shapes, protected | set(product), _CONTROL.group_size) <= budget_bits:
            protected |= set(product)
    layers = tuple(
        LayerSensitivity(name, weights[name], klds[name], PROTECTED_BITS if name in protected else _CONTROL.bits)
        for name in sorted(shapes, key=lambda name: klds[name], reverse=True)
    )
    average = average_bits(shapes, protected, _CONTROL.group_size)
    return SensitivityScan(f"each layer alone, {_CONTROL.name}", samples, tokens, average, budget_bits, layers)
