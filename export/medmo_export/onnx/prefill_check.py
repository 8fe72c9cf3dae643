"""What reading prompts layer by layer and keeping them in 8 bits costs on a checkpoint, before its artifact does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_export.calibration import CalibrationSample
from medmo_export.self_check import prepare_samples
from medmo_models.distributions import divergence
from medmo_models.networks.onnx.host import EncodedPrompt
from medmo_models.networks.onnx.layerwise import LayerwisePrefill
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.runs import InterruptibleRuns
from medmo_models.networks.onnx.settings import PREFILL_LAYER_NAME

#: Mean KLD in nats up to which an artifact keeps the graph; the embedded model's is 0.00009. Activations have one scale
#: per token, so that a channel which is far larger than all others costs the others their last bits.
LARGEST_COST = 0.002


def check_prefill_layer(directory: Path, samples: Sequence[CalibrationSample]) -> str | None:
    """Remove the graph for long prompts from an artifact in which it is not faithful.

    Parameters
    ----------
    directory : Path
        An artifact that is being written.
    samples : sequence of CalibrationSample

    Returns
    -------
    str or None
        Why it was removed.
    """
    if not (directory / PREFILL_LAYER_NAME).is_file():
        return None
    cost = prefill_cost(directory, samples)
    if cost <= LARGEST_COST:
        return None
    (directory / PREFILL_LAYER_NAME).unlink()
    return (
        "Long prompts will be read in the slower way: products of 8-bit integers, with keys and values in 8 bits, "
        f"would change this model's answers too much (mean KLD {cost:.4f} nats, the bound is {LARGEST_COST})."
    )


def prefill_cost(directory: Path, samples: Sequence[CalibrationSample]) -> float:
    """Return what it costs: the mean KLD over answer tokens, in nats.

    Of the exact decoder over a cache in 8 bits, after prompts that were read layer by layer, from the exact decoder
    that read them itself and keeps float32; infinite if it computes no numbers.
    """
    import torch

    exact, rounded = (OnnxNetwork(directory, exact=True, eight_bit_cache=eight_bit) for eight_bit in (False, True))
    layers = LayerwisePrefill(
        directory / PREFILL_LAYER_NAME, exact.settings.shape, torch.get_num_threads(), InterruptibleRuns()
    )
    prompts = []
    for prompt, first in zip(*prepare_samples(directory, samples), strict=True):
        images = [exact.encode_image(*image) for image in prompt.each_image()]
        prompts.append((exact.encode_prompt(prompt, images), first))
    expected = [_answer(exact, tokens, first) for tokens, first in prompts]
    exact.release_decoder()  # one at a time is in memory
    found = [_answer(rounded, tokens, first, layers) for tokens, first in prompts]
    costs = [divergence(*pair) for pair in zip(expected, found, strict=True)]
    cost = float(np.concatenate(costs).mean())
    return cost if np.isfinite(cost) else np.inf


def _answer(
    network: OnnxNetwork, tokens: EncodedPrompt, first: int, layers: LayerwisePrefill | None = None
) -> NDArray[np.float32]:
    """Return the logits from token ``first`` on; ``layers`` reads those before."""
    length = tokens.embeddings.shape[1]
    cache = network.new_cache(length)
    if layers is None:
        return network.run(tokens, cache, length - first)
    layers.run(tokens.part(0, first), cache)
    return network.run(tokens.part(first), cache, length - first)
