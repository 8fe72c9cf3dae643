"""Chooses what runs: every candidate is available, fits and is ranked, and the reason is in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medmo_models.artifact import Artifact
from medmo_models.errors import CannotRunError, InputError
from medmo_runtime.backends import BACKENDS
from medmo_runtime.backends.base import Backend
from medmo_runtime.machine import free_memory_bytes
from medmo_runtime.memory import MemoryEstimate, device_free_bytes, readable_bytes

#: The order before anything was measured here. Decoding reads every weight once per token, so 4 bits win
#: wherever memory bandwidth is the limit: on accelerators, and on CPUs for all but small models.
ACCELERATOR_ORDER = ("gptq", "bnb", "onnx", "reference")
LARGE_MODEL_ORDER = ("onnx", "gptq", "bnb", "reference")
#: A model whose weights stay in a CPU's caches runs fastest without unpacking.
SMALL_MODEL_ORDER = ("onnx", "reference", "gptq", "bnb")
SMALL_MODEL_BYTES = 500 * 10**6


@dataclass(frozen=True)
class Candidate:
    """One artifact on one backend and device; ``problem`` says why it cannot run, None if it can."""

    artifact: Artifact
    backend: Backend
    device: str
    dtype: str
    memory: MemoryEstimate | None
    problem: str | None

    @property
    def title(self) -> str:
        """``method on backend/device`` for messages."""
        return f"{self.artifact.manifest.method} on {self.backend.name}/{self.device}"


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, the reason in words, and all candidates in order of rank."""

    chosen: Candidate
    reason: str
    candidates: tuple[Candidate, ...]


def _rank(candidate: Candidate) -> tuple[int, int]:
    on_cpu = candidate.device == "cpu"
    return int(on_cpu), _order(candidate).index(candidate.backend.name)


def _order(candidate: Candidate) -> tuple[str, ...]:
    shape = candidate.artifact.spec.architecture
    text_weights = shape.layers * shape.hidden_size * 3 * shape.intermediate_size
    if candidate.device != "cpu":
        return ACCELERATOR_ORDER
    return SMALL_MODEL_ORDER if 4 * text_weights < SMALL_MODEL_BYTES else LARGE_MODEL_ORDER


def examine(
    artifact: Artifact,
    backend: Backend,
    device: str,
    context_tokens: int,
    dtype: str | None = None,
    max_pixels: int | None = None,
) -> Candidate:
    """Say whether one artifact runs on one backend and device, and with what memory."""
    available = backend.availability(device)
    if not available.available:
        return Candidate(artifact, backend, device, "", None, available.reason)
    chosen_dtype = dtype or backend.compute_dtype(artifact, device)
    memory = backend.estimate_memory(artifact, device, chosen_dtype, context_tokens, max_pixels)
    free = free_memory_bytes() if device == "cpu" else device_free_bytes(device)
    problem = None
    if free is not None and memory.total > free:
        problem = f"needs {readable_bytes(memory.total)}, {readable_bytes(free)} are free"
    return Candidate(artifact, backend, device, chosen_dtype, memory, problem)


def find_candidates(
    artifacts: Sequence[Artifact],
    *,
    backend: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    context_tokens: int = 4096,
    max_pixels: int | None = None,
) -> tuple[Candidate, ...]:
    """Examine every artifact on every backend and device that could run it, best first.

    Parameters
    ----------
    artifacts : sequence of Artifact
    backend, device, dtype : str, optional
        Consider only this one.
    context_tokens : int
        Prompt and answer length for which memory is predicted.
    max_pixels : int, optional
        Largest image for which memory is predicted; the model's own limit if not given.

    Raises
    ------
    InputError
        If ``backend`` names none of ours, or none that loads these artifacts.
    """
    names = [entry.name for entry in BACKENDS]
    if backend is not None and backend not in names:
        raise InputError(f"There is no backend {backend!r}; choose one of {', '.join(names)}.")
    candidates = []
    for artifact in artifacts:
        for entry in BACKENDS:
            if artifact.manifest.method not in entry.methods or backend not in (None, entry.name):
                continue
            devices = (device,) if device is not None else entry.devices() or ("cpu",)
            candidates += [examine(artifact, entry, place, context_tokens, dtype, max_pixels) for place in devices]
    if not candidates:
        methods = ", ".join(artifact.manifest.method for artifact in artifacts)
        if backend is None:
            raise InputError(f"No backend of this medmo-edge loads {methods}; update medmo-edge.")
        able = [e.name for e in BACKENDS if any(a.manifest.method in e.methods for a in artifacts)]
        raise InputError(
            f"The backend {backend!r} cannot load {methods}; use {' or '.join(able) or 'a newer medmo-edge'}."
        )
    return tuple(sorted(candidates, key=_rank))


def choose(candidates: Sequence[Candidate]) -> Choice:
    """Take the first candidate that can run.

    Raises
    ------
    CannotRunError
        If none can; the text lists each one's reason.
    """
    usable = [candidate for candidate in candidates if candidate.problem is None]
    if not usable:
        reasons = "; ".join(f"{candidate.title}: {candidate.problem}" for candidate in candidates)
        raise CannotRunError(f"Nothing here can run this model. {reasons}.")
    best = usable[0]
    return Choice(best, _reason(best, usable, candidates), tuple(candidates))


def _reason(best: Candidate, usable: Sequence[Candidate], candidates: Sequence[Candidate]) -> str:
    need = f"needs about {readable_bytes(best.memory.total)}" if best.memory else "fits"
    if len(candidates) == 1:
        return f"the only backend for this artifact here; {need}"
    others = [f"{c.title}: {c.problem}" for c in candidates if c.problem is not None]
    ranked = (
        f"first of {len(usable)} that can run, by the table for {'CPUs' if best.device == 'cpu' else 'accelerators'}"
    )
    return f"{ranked}; {need}" + (f"; not {'; not '.join(others)}" if others else "")
