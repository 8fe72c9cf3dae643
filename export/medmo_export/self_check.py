"""An export's own check: the quantized network against its source on held-out samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_export.calibration import CalibrationSample
from medmo_models.distributions import divergence
from medmo_models.errors import InputError
from medmo_models.preprocessing import PreparedPrompt

Logits = NDArray[np.float32]

#: Seed of the held-out phantoms; calibration uses another.
HELD_OUT_SEED = 4242
#: A 4-bit export whose mean KLD is above this is broken, not merely quantized.
LARGEST_MEAN_KLD = 2.0
_PHASE = "comparing with the source"


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


def answer_logits(
    checkpoint: Path,
    method: str,
    samples: Sequence[CalibrationSample],
    device: str,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Logits]:
    """Return, per sample, the float32 logits that predict its answer tokens, shape (tokens, vocabulary).

    Full-precision and GPTQ checkpoints are computed a layer at a time, by transformers' modules and with the values
    that the files stand for, so that a model larger than the memory can be checked. ``progress`` is told of layers.
    """
    prompts, firsts = prepare_samples(checkpoint, samples)
    if method.startswith(("bnb", "onnx")):
        compute = _logits_function(checkpoint, method, device)
        made = [compute(prompt, first) for prompt, first in zip(prompts, firsts, strict=True)]
    else:
        import torch

        from medmo_models.networks.streamed import StreamedNetwork

        network = StreamedNetwork(checkpoint, device, torch.float32 if device == "cpu" else torch.float16)
        made = [logits.numpy() for logits in network.logits(prompts, firsts, progress)]
    return [logits[:-2] for logits in made]  # the last two tokens end the turn: <|im_end|> and a line break


def prepare_samples(checkpoint: Path, samples: Sequence[CalibrationSample]) -> tuple[list[PreparedPrompt], list[int]]:
    """Return the samples as prompts, and the positions whose logits predict their answers' first tokens."""
    from medmo_models.preprocessing import PromptPreparer
    from medmo_models.specs import spec_for_config
    from medmo_models.strict_json import read_json_object

    spec = spec_for_config(read_json_object(checkpoint / "config.json"))
    preparer = PromptPreparer(checkpoint, spec.default_max_pixels)
    prompts = [preparer.prepare(sample.turns, add_generation_prompt=False) for sample in samples]
    return prompts, [len(preparer.prepare(sample.turns[:-1]).input_ids) - 1 for sample in samples]


def _logits_function(checkpoint: Path, method: str, device: str) -> Callable[[PreparedPrompt, int], Logits]:
    """Load a checkpoint with its own library and return what computes its logits of a prompt from a position on."""
    if method.startswith("onnx"):
        from medmo_models.networks.onnx.network import OnnxNetwork

        return OnnxNetwork(checkpoint).logits
    import torch

    from medmo_models.networks.full_precision import load_full_precision
    from medmo_models.networks.inputs import prompt_logits

    dtype = torch.float32 if device == "cpu" else torch.float16
    network = load_full_precision(checkpoint, device=device, dtype=dtype)
    return lambda prompt, first: prompt_logits(network, prompt, first).numpy()


def check_export(
    source: Path,
    source_method: str,
    export: Path,
    method: str,
    samples: Sequence[CalibrationSample],
    device: str,
    progress: Callable[[str, int, int], None] = lambda _phase, _done, _total: None,
) -> SelfCheck:
    """Compare an export with its source, or with another checkpoint of the same model.

    Parameters
    ----------
    source, export : Path
    source_method, method : str
    samples : sequence of CalibrationSample
        Held out from calibration.
    device : str
    progress : callable
        Called with the phase in words, what is done and the total.

    Raises
    ------
    InputError
        If the export computes no numbers, or its mean KLD is above `LARGEST_MEAN_KLD`.
    """
    progress(_PHASE, 0, 1)
    reference = answer_logits(source, source_method, samples, device, partial(progress, _PHASE))
    progress(f"{_PHASE}: the export", 0, 1)
    quantized = answer_logits(export, method, samples, device, partial(progress, f"{_PHASE}: the export"))
    klds, agreements, largest = [], [], 0.0
    for p, q in zip(reference, quantized, strict=True):
        if not np.isfinite(q).all():
            raise InputError("The export is broken: it computes values that are no numbers; nothing was installed.")
        klds.append(divergence(p, q))
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
