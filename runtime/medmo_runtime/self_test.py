"""Whether a backend computes right and how fast it is here: it answers, and its logits are compared."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_models.artifact import Artifact, open_model
from medmo_models.errors import InputError
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.backends import BACKENDS
from medmo_runtime.backends.base import Backend
from medmo_runtime.measurements import Measurement

#: Largest mean over positions of the total variation between a backend's next-token probabilities and the
#: reference's. Rounding of 16-bit kernels stays well below it; a lost DeepStack level or a wrong position does not.
LARGEST_DIFFERENCE = 0.03
_NEW_TOKENS = 32
#: A reference in float32 takes four bytes a parameter: judged on the artifact itself only up to this size.
_LARGEST_JUDGED_BYTES = 500 * 10**6


def run_named_self_test(artifact: str, backend: str, device: str, dtype: str, judge: str | None) -> Measurement:
    """Run `run_self_test` on artifacts and a backend by name; for the worker."""
    found = next((entry for entry in BACKENDS if entry.name == backend), None)
    if found is None:
        raise InputError(f"There is no backend {backend!r}.")
    judged = None if judge is None else open_model(Path(judge))
    return run_self_test(open_model(Path(artifact)), found, device, dtype, judged)


def run_self_test(
    artifact: Artifact, backend: Backend, device: str, dtype: str, judge: Artifact | None = None
) -> Measurement:
    """Compare a backend's logits on a fixed phantom with an artifact's own reference, and time it.

    Parameters
    ----------
    artifact : Artifact
        What is timed.
    backend : Backend
    device, dtype : str
    judge : Artifact, optional
        On what correctness is judged; the artifact itself if not given and if its reference fits: an ONNX artifact
        brings its reference along, for others it holds all weights in float32.
    """
    judge = judge or artifact
    judged = None
    if judge.manifest.method not in backend.methods:  # rounded while loading: its own reference is another model
        judged = None
    elif judge.manifest.method.startswith("onnx") or judge.weight_bytes <= _LARGEST_JUDGED_BYTES:
        judged = _compare(judge, backend, device, dtype)
    prompt = _fixed_prompt(artifact)
    began = time.perf_counter()
    model = backend.load(artifact, device, dtype)
    load_s = time.perf_counter() - began
    try:
        generation = model.generate(prompt, _NEW_TOKENS)
    finally:
        model.close()
    reason = "not compared: a reference would not fit"
    if judged is not None:
        on = "" if judge is artifact else " (on the embedded model)"
        reason = f"next-token probabilities differ by {judged:.4f} on average from the reference{on}"
    return Measurement(
        correct=None if judged is None else judged <= LARGEST_DIFFERENCE,
        reason=reason,
        load_s=load_s,
        prefill_tokens_per_s=len(prompt.input_ids) / (generation.vision_s + generation.prefill_s),
        decode_tokens_per_s=generation.decode_tokens_per_s,
        peak_memory_bytes=generation.peak_memory_bytes,
    )


def _compare(judge: Artifact, backend: Backend, device: str, dtype: str) -> float:
    prompt = _fixed_prompt(judge)
    expected = _reference_logits(judge, prompt)
    gc.collect()
    model = backend.load(judge, device, dtype)
    try:
        return mean_variation(expected, model.logits(prompt))
    finally:
        model.close()


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


def mean_variation(expected: NDArray[np.float32], actual: NDArray[np.float32]) -> float:
    """Return the mean over positions of the total variation distance between next-token distributions.

    Parameters
    ----------
    expected, actual : ndarray of float32, shape (length, vocabulary)
        Logits. Any value that is no number makes the distance 1.
    """
    if expected.shape != actual.shape or not np.isfinite(actual).all():
        return 1.0
    return float(0.5 * np.abs(_probabilities(expected) - _probabilities(actual)).sum(axis=-1).mean())


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def _fixed_prompt(artifact: Artifact) -> PreparedPrompt:
    preparer = PromptPreparer(artifact.path, artifact.spec.default_max_pixels)
    return preparer.prepare([ChatTurn("user", LOCALIZE_PROMPT, (make_phantom(5, 3).pixels,))])
