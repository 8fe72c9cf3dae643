"""Which layers hurt most: the KLD when only one layer's weights are rounded, and the recipe that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medmo_evaluation.compare.answering import answer_logits, load
from medmo_evaluation.compare.controls import round_weight
from medmo_evaluation.compare.request import CompareRequest, RoundToNearest, reference_dtype
from medmo_evaluation.datasets import open_dataset
from medmo_evaluation.metrics.token_metrics import ReferenceDistributions, compare_tokens, keep_distributions
from medmo_models.artifact import open_model
from medmo_models.artifact.weights import TEXT_LINEAR
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.session import Session

if TYPE_CHECKING:
    import torch

_CONTROL = RoundToNearest(4, 128)
#: Bits of a layer that the recipe protects, and the average bits per weight that it may use.
_PROTECTED_BITS, _BUDGET_BITS = 8.125, 4.5


@dataclass(frozen=True)
class LayerSensitivity:
    """One linear layer: its weights, the mean KLD with it alone rounded, and the bits that the recipe gives it."""

    layer: str
    weights: int
    mean_kld: float
    proposed_bits: float


@dataclass(frozen=True)
class SensitivityScan:
    """The layers, the worst first; ``method`` says what was done to each."""

    method: str
    samples: int
    tokens: int
    average_bits: float
    layers: tuple[LayerSensitivity, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the scan as JSON-ready values."""
        return asdict(self)


def scan_layers(request: CompareRequest, samples: int, progress: Callable[[str, int, int], None]) -> SensitivityScan:
    """Round every linear layer of the text model alone and measure the mean KLD from the unrounded reference.

    Parameters
    ----------
    request : CompareRequest
    samples : int
        How many samples of the dataset, spread over it.
    progress : callable
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
        measured: list[tuple[str, int, float]] = []
        layers = _linear_layers(session)
        for done, (name, module) in enumerate(layers):
            progress("layers alone", done, len(layers))
            measured.append((name, module.weight.numel(), _kld_with_rounded(session, module, pairs)))
    return _recipe(measured, count, sum(len(kept.labels) for _, kept in pairs))


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


def _recipe(measured: Sequence[tuple[str, int, float]], samples: int, tokens: int) -> SensitivityScan:
    """Protect the layers with the largest KLD per extra bit, within the budget."""
    total = sum(weights for _, weights, _ in measured)
    spare = (_BUDGET_BITS - _CONTROL.bits_per_weight) * total
    protected: set[str] = set()
    for name, weights, _ in sorted(measured, key=lambda entry: entry[2] / entry[1], reverse=True):
        cost = (_PROTECTED_BITS - _CONTROL.bits_per_weight) * weights
        if cost <= spare:
            spare -= cost
            protected.add(name)
    layers = tuple(
        LayerSensitivity(name, weights, kld, _PROTECTED_BITS if name in protected else _CONTROL.bits_per_weight)
        for name, weights, kld in sorted(measured, key=lambda entry: entry[2], reverse=True)
    )
    average = sum(layer.weights * layer.proposed_bits for layer in layers) / total
    return SensitivityScan(f"each layer alone, {_CONTROL.name}", samples, tokens, average, layers)
