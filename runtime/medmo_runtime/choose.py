"""Chooses what runs: every candidate is available, fits and is ranked, and the reason is in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from medmo_models.errors import CannotRunError
from medmo_runtime.candidates import Candidate
from medmo_runtime.memory import readable_bytes

#: The order before anything was measured here. Decoding reads every weight once per token, so 4 bits win
#: wherever memory bandwidth is the limit: on accelerators, and on CPUs for all but small models.
ACCELERATOR_ORDER = ("gptq", "bnb", "onnx", "reference")
LARGE_MODEL_ORDER = ("onnx-openvino", "onnx", "openvino", "gptq", "bnb", "reference")
#: A model whose weights stay in a CPU's caches runs fastest without unpacking.
SMALL_MODEL_ORDER = ("onnx", "onnx-openvino", "openvino", "reference", "gptq", "bnb")
SMALL_MODEL_BYTES = 500 * 10**6
_FULL_PRECISION = ("bf16", "fp16", "fp32")
#: The answer by which measured speeds are compared: a 1024 x 1024 image with a question, and some sentences.
_PROMPT_TOKENS, _NEW_TOKENS = 1100, 128


class NothingFitsError(CannotRunError):
    """Nothing can run; ``candidates`` has what was tried."""

    def __init__(self, text: str, candidates: tuple[Candidate, ...]) -> None:
        super().__init__(text)
        self.candidates = candidates


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, the reason in words, and all candidates in order of rank."""

    chosen: Candidate
    reason: str
    candidates: tuple[Candidate, ...]


def choose(candidates: Sequence[Candidate]) -> Choice:
    """Take the best candidate that can run.

    Candidates that need no smaller image come first: what the model does not see, no speed brings back. Then
    accelerators before CPUs. Among those of one kind the fastest measured on this machine wins if all of them were
    measured, else the stated order counts.

    Raises
    ------
    NothingFitsError
        If none can; the text lists each one's reason.
    """
    usable = [candidate for candidate in candidates if candidate.problem is None]
    if not usable:
        reasons = "; ".join(f"{candidate.title}: {candidate.problem}" for candidate in candidates)
        raise NothingFitsError(f"Nothing here can run this model. {reasons}.{_hint(candidates)}", tuple(candidates))
    ranked = sorted(usable, key=lambda candidate: (*_kind(candidate), _by_table(candidate)))
    first = [candidate for candidate in ranked if _kind(candidate) == _kind(ranked[0])]
    by_speed = len(first) > 1 and all(_usual_seconds(candidate) < math.inf for candidate in first)
    if by_speed:
        first.sort(key=_usual_seconds)
    best = first[0]
    order = (*first, *(c for c in ranked if c not in first), *(c for c in candidates if c.problem is not None))
    return Choice(best, _reason(best, len(usable), by_speed, candidates), order)


def _hint(candidates: Sequence[Candidate]) -> str:
    """Name the backend that rounds and so needs less, where full precision alone was tried and did not fit."""
    plain = [candidate for candidate in candidates if candidate.artifact.manifest.method in _FULL_PRECISION]
    if len(plain) < len(candidates) or not any(one.tried for one in plain if one.method in _FULL_PRECISION):
        return ""
    return " With --backend bnb its text layers are rounded to 4 bits while loading, which needs less."


def same_kind(choice: Choice) -> list[Candidate]:
    """Return the chosen candidate and those that it was preferred to by order or by speed alone."""
    return [
        candidate
        for candidate in choice.candidates
        if candidate.problem is None and _kind(candidate) == _kind(choice.chosen)
    ]


def _kind(candidate: Candidate) -> tuple[bool, bool]:
    return candidate.plan is not None and candidate.plan.shrinks_image, candidate.device == "cpu"


def _by_table(candidate: Candidate) -> int:
    if candidate.device != "cpu":
        return ACCELERATOR_ORDER.index(candidate.backend.name)
    shape = candidate.artifact.spec.architecture
    text_weights = shape.layers * shape.hidden_size * 3 * shape.intermediate_size
    order = SMALL_MODEL_ORDER if 4 * text_weights < SMALL_MODEL_BYTES else LARGE_MODEL_ORDER
    return order.index(candidate.backend.name)


def _usual_seconds(candidate: Candidate) -> float:
    """Return what a usual answer takes at the measured speeds, infinite without them."""
    made = candidate.measured
    if made is None or not made.decode_tokens_per_s:
        return math.inf
    prefill = _PROMPT_TOKENS / made.prefill_tokens_per_s if made.prefill_tokens_per_s else 0.0
    return prefill + _NEW_TOKENS / made.decode_tokens_per_s


def _reason(best: Candidate, usable: int, by_speed: bool, candidates: Sequence[Candidate]) -> str:
    parts = []
    if len(candidates) == 1:
        parts.append("the only backend for this artifact here")
    elif usable == 1:
        parts.append("the only one here that can run")
    elif by_speed:
        answer = f"{_usual_seconds(best):.1f} s for {_PROMPT_TOKENS:,} tokens read and {_NEW_TOKENS} written"
        parts.append(f"the fastest measured of {usable} that can run ({answer})")
    else:
        kind = "CPUs" if best.device == "cpu" else "accelerators"
        parts.append(f"first of {usable} that can run, by the table for {kind}")
    if best.method != best.artifact.manifest.method:
        parts.append(f"the text layers are rounded from {best.artifact.manifest.method} to {best.method} while loading")
    if best.plan is not None:
        parts.append(f"needs about {readable_bytes(best.plan.total)}")
        if best.free_bytes is not None and best.plan.total > best.free_bytes:
            parts.append(f"tried on request although only {readable_bytes(best.free_bytes)} are free")
        parts += [f"to fit, {given_up}" for given_up in best.plan.given_up]
    parts += [f"not {c.title}: {c.problem}" for c in candidates if c.problem is not None]
    return "; ".join(parts)
