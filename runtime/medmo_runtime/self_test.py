"""Whether a backend computes right and how fast it is here: it answers, and its logits are compared."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_models.artifact import Artifact
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.choose import Candidate
from medmo_runtime.generation import Generation

#: Largest total variation between a backend's next-token probabilities and the reference's. Rounding of
#: 16-bit kernels stays well below it; a lost DeepStack level or a wrong position does not.
LARGEST_DIFFERENCE = 0.1
_NEW_TOKENS = 32


@dataclass(frozen=True)
class SelfTest:
    """The outcome of running one candidate.

    Attributes
    ----------
    correct : bool
        Whether the probabilities agree with the reference's.
    reason : str
        The figure behind ``correct``, in words.
    load_s, prefill_s : float
        Seconds.
    decode_tokens_per_s : float or None
    peak_memory_bytes : int
    """

    correct: bool
    reason: str
    load_s: float
    prefill_s: float
    decode_tokens_per_s: float | None
    peak_memory_bytes: int


def run_self_test(candidate: Candidate) -> SelfTest:
    """Compare a candidate's logits on a fixed phantom with the artifact's own reference, and time it.

    Meant for artifacts of the embedded model: the reference of a torch artifact holds all weights in float32.
    """
    artifact = candidate.artifact
    prompt = _fixed_prompt(candidate)
    expected = _reference_logits(artifact, prompt)
    began = time.perf_counter()
    model = candidate.backend.load(artifact, candidate.device, candidate.dtype)
    load_s = time.perf_counter() - began
    try:
        actual = model.logits(prompt)
        generation: Generation = model.generate(prompt, _NEW_TOKENS)
    finally:
        model.close()
    difference = largest_variation(expected, actual)
    return SelfTest(
        correct=difference <= LARGEST_DIFFERENCE,
        reason=f"next-token probabilities differ by at most {difference:.4f} from the reference",
        load_s=load_s,
        prefill_s=generation.prefill_s,
        decode_tokens_per_s=generation.decode_tokens_per_s,
        peak_memory_bytes=generation.peak_memory_bytes,
    )


def _reference_logits(artifact: Artifact, prompt: PreparedPrompt) -> NDArray[np.float32]:
    """Compute with the weights written out in float32; for ONNX with the float32 graph on the CPU provider.

    The tests hold both to transformers. The ONNX one needs no torch, so that it runs wherever the artifact does.
    """
    if artifact.manifest.method.startswith("onnx"):
        from medmo_models.networks.onnx.network import OnnxNetwork

        return OnnxNetwork(artifact.path, exact=True).logits(prompt)
    from medmo_models.networks.dequantized import load_dequantized
    from medmo_models.networks.inputs import prompt_logits

    expected: NDArray[np.float32] = prompt_logits(
        load_dequantized(artifact.path, artifact.manifest.method), prompt
    ).numpy()
    return expected


def largest_variation(expected: NDArray[np.float32], actual: NDArray[np.float32]) -> float:
    """Return the largest total variation distance between next-token distributions over positions.

    Parameters
    ----------
    expected, actual : ndarray of float32, shape (length, vocabulary)
        Logits. Any value that is no number makes the distance 1.
    """
    if expected.shape != actual.shape or not np.isfinite(actual).all():
        return 1.0
    return float(0.5 * np.abs(_probabilities(expected) - _probabilities(actual)).sum(axis=-1).max())


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def _fixed_prompt(candidate: Candidate) -> PreparedPrompt:
    preparer = PromptPreparer(candidate.artifact.path, candidate.artifact.spec.default_max_pixels)
    return preparer.prepare([ChatTurn("user", LOCALIZE_PROMPT, (make_phantom(5, 3).pixels,))])
