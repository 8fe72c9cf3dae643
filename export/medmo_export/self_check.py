"""An export's own check: the quantized network against its source on held-out samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_export.calibration import CalibrationSample
from medmo_models.errors import InputError
from medmo_models.preprocessing import PreparedPrompt

Logits = NDArray[np.float32]

#: Seed of the held-out phantoms; calibration uses another.
HELD_OUT_SEED = 4242
#: A 4-bit export whose mean KLD is above this is broken, not merely quantized.
LARGEST_MEAN_KLD = 2.0


@dataclass(frozen=True)
class SelfCheck:
    """How far the quantized network is from its source, over the answer tokens of held-out samples.

    Attributes
    ----------
    samples, tokens : int
    mean_kld : float
        Mean over tokens of the sum over the vocabulary of p (ln p - ln q), in nats; p is the source.
    top1 : float
        Share of tokens whose most probable token agrees.
    max_logit_difference : float
    """

    samples: int
    tokens: int
    mean_kld: float
    top1: float
    max_logit_difference: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON-ready values."""
        return asdict(self)


def answer_logits(checkpoint: Path, method: str, samples: Sequence[CalibrationSample], device: str) -> list[Logits]:
    """Return, per sample, the float32 logits that predict its answer tokens, shape (tokens, vocabulary)."""
    from medmo_models.preprocessing import PromptPreparer
    from medmo_models.specs import spec_for_config
    from medmo_models.strict_json import read_json_object

    compute = _logits_function(checkpoint, method, device)
    spec = spec_for_config(read_json_object(checkpoint / "config.json"))
    preparer = PromptPreparer(checkpoint, spec.default_max_pixels)
    results = []
    for sample in samples:
        question = preparer.prepare(sample.turns[:-1])
        whole = preparer.prepare(sample.turns, add_generation_prompt=False)
        start = len(question.input_ids)  # the last two tokens end the turn: <|im_end|> and a line break
        results.append(compute(whole, start - 1)[:-2])
    return results


def _logits_function(checkpoint: Path, method: str, device: str) -> Callable[[PreparedPrompt, int], Logits]:
    """Load a checkpoint and return what computes its logits of a prompt from a position on."""
    if method.startswith("onnx"):
        from medmo_models.networks.onnx.network import OnnxNetwork

        return OnnxNetwork(checkpoint).logits
    import torch

    from medmo_models.networks.full_precision import load_bitsandbytes, load_full_precision
    from medmo_models.networks.gptq import load_gptq_network
    from medmo_models.networks.inputs import prompt_logits

    dtype = torch.float32 if device == "cpu" else torch.float16
    loaders = {"gptq": load_gptq_network, "bnb-nf4": load_bitsandbytes}
    network = loaders.get(method, load_full_precision)(checkpoint, device=device, dtype=dtype)
    return lambda prompt, first: prompt_logits(network, prompt, first).numpy()


def check_export(
    source: Path, source_method: str, export: Path, method: str, samples: Sequence[CalibrationSample], device: str
) -> SelfCheck:
    """Compare an export with its source, or with another checkpoint of the same model.

    Raises
    ------
    InputError
        If the export computes no numbers, or its mean KLD is above `LARGEST_MEAN_KLD`.
    """
    reference = answer_logits(source, source_method, samples, device)
    quantized = answer_logits(export, method, samples, device)
    klds, agreements, largest = [], [], 0.0
    for p, q in zip(reference, quantized, strict=True):
        if not np.isfinite(q).all():
            raise InputError("The export is broken: it computes values that are no numbers; nothing was installed.")
        log_p, log_q = _log_softmax(p), _log_softmax(q)
        klds.append((np.exp(log_p) * (log_p - log_q)).sum(axis=-1))
        agreements.append(p.argmax(axis=-1) == q.argmax(axis=-1))
        largest = max(largest, float(np.abs(p - q).max()))
    kld, agreement = np.concatenate(klds), np.concatenate(agreements)
    check = SelfCheck(len(samples), len(kld), float(kld.mean()), float(agreement.mean()), largest)
    if math.isnan(check.mean_kld) or check.mean_kld > LARGEST_MEAN_KLD:
        raise InputError(
            f"The export is broken: its mean KLD from the source is {check.mean_kld:.2f} nats "
            f"(the bound is {LARGEST_MEAN_KLD}); nothing was installed."
        )
    return check


def _log_softmax(logits: Logits) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
