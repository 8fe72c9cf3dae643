"""Candidates: an artifact on a backend on a device, with the plan that fits it there, or why it cannot run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from medmo_models.artifact import Artifact, Method
from medmo_models.errors import InputError
from medmo_runtime.backends import BACKENDS
from medmo_runtime.backends.base import Backend
from medmo_runtime.hardware import Machine
from medmo_runtime.measurements import Measurement, MeasurementStore, measurement_key
from medmo_runtime.memory import Workload
from medmo_runtime.plan import MemoryPlan, describe_shortage, find_plan


@dataclass(frozen=True)
class Candidate:
    """One artifact on one backend and device.

    Attributes
    ----------
    plan : MemoryPlan or None
        How it runs in the memory there is; None if it cannot run.
    tried : tuple of MemoryPlan
        Every plan that was considered, the first the one that gives up nothing.
    free_bytes : int or None
        What was free on the device; None where nothing tells.
    problem : str or None
        Why it cannot run, None if it can.
    measured : Measurement or None
        Its self-test on this machine, if there was one.
    """

    artifact: Artifact
    backend: Backend
    device: str
    dtype: str = ""
    plan: MemoryPlan | None = None
    tried: tuple[MemoryPlan, ...] = ()
    free_bytes: int | None = None
    problem: str | None = None
    measured: Measurement | None = None

    @property
    def method(self) -> Method:
        """How the weights are kept while it runs: the artifact's method, or what the backend rounds them to."""
        stored = self.artifact.manifest.method
        return self.backend.rounds.get(stored, stored)

    @property
    def title(self) -> str:
        """``method on backend/device`` for messages."""
        stored = self.artifact.manifest.method
        rounded = "" if self.method == stored else f" rounded to {self.method}"
        return f"{stored}{rounded} on {self.backend.name}/{self.device}"

    @property
    def key(self) -> str:
        """A name for this candidate with its plan, by which a failed one is avoided."""
        return f"{self.artifact.id}|{self.backend.name}|{self.device}|{self.dtype}|{self.plan.key if self.plan else ''}"


@dataclass(frozen=True)
class Search:
    """What candidates are looked for.

    Attributes
    ----------
    machine : Machine
    backend, device, dtype : str, optional
        Consider only this one.
    max_pixels : int, optional
        Largest image; the model's own limit if not given.
    images, new_tokens : int
        See `Workload`.
    measurements : MeasurementStore, optional
        Remembered self-tests.
    avoid : frozenset of str
        `Candidate.key` of candidates that failed although they should have run.
    ignore_memory : bool
        Let a candidate run that is predicted not to fit, in the plan that needs least: the user insists.
    """

    machine: Machine
    backend: str | None = None
    device: str | None = None
    dtype: str | None = None
    max_pixels: int | None = None
    images: int = 1
    new_tokens: int = 512
    measurements: MeasurementStore | None = None
    avoid: frozenset[str] = field(default_factory=frozenset)
    ignore_memory: bool = False


def examine(artifact: Artifact, backend: Backend, device: str, search: Search) -> Candidate:
    """Say whether one artifact runs on one backend and device, and how."""
    machine = search.machine
    available = backend.availability(machine, device)
    if not available.available:
        return Candidate(artifact, backend, device, problem=available.reason)
    dtype = search.dtype or backend.compute_dtype(machine, artifact, device)
    measured = None
    if search.measurements is not None:
        key = measurement_key(machine, artifact.id, backend.name, device, dtype)
        measured = search.measurements.read(key)
    if measured is not None and measured.correct is False:
        refused = f"it computes wrongly on this machine: {measured.reason}"
        return Candidate(artifact, backend, device, dtype, problem=refused, measured=measured)
    if not available.proven and measured is None and search.device is None:
        untested = "nobody has tested it on this machine yet: run medmo doctor, or name it with --device"
        return Candidate(artifact, backend, device, dtype, problem=untested)
    workload = Workload(search.max_pixels or artifact.spec.default_max_pixels, search.images, search.new_tokens)
    prefix = f"{artifact.id}|{backend.name}|{device}|{dtype}|"
    avoid = frozenset(key.removeprefix(prefix) for key in search.avoid if key.startswith(prefix))
    found = find_plan(
        lambda work, measures: backend.predict_memory(artifact, device, dtype, work, measures),
        workload,
        backend.measures(artifact, device),
        free := machine.free_bytes(device),
        avoid,
    )
    problem: str | None = None
    if found.fitting is None and search.ignore_memory:
        smallest = min(found.tried, key=lambda plan: plan.total)
        if smallest.key not in avoid:
            return Candidate(artifact, backend, device, dtype, smallest, found.tried, free, None, measured)
    if found.fitting is None and free is not None:
        problem = describe_shortage(min(found.tried, key=lambda plan: plan.total), free)
        problem += f" even if {_listed(found.tried[-1].given_up)}" if found.tried[-1].given_up else ""
    elif found.fitting is None:
        problem = "every way to run it has failed"
    return Candidate(artifact, backend, device, dtype, found.fitting, found.tried, free, problem, measured)


def _listed(given_up: tuple[str, ...]) -> str:
    return " and ".join(given_up)


def find_candidates(artifacts: Sequence[Artifact], search: Search) -> tuple[Candidate, ...]:
    """Examine every artifact on every backend and device that could run it, in the order of the backends.

    A backend that would round an artifact's weights is only asked if ``search.backend`` names it.

    Raises
    ------
    InputError
        If ``search.backend`` names none of ours, or none that loads these artifacts.
    """
    names = [entry.name for entry in BACKENDS]
    if search.backend is not None and search.backend not in names:
        raise InputError(f"There is no backend {search.backend!r}; choose one of {', '.join(names)}.")
    candidates = []
    for artifact in artifacts:
        for entry in BACKENDS:
            loads = (*entry.methods, *entry.rounds) if search.backend == entry.name else entry.methods
            if artifact.manifest.method not in loads or search.backend not in (None, entry.name):
                continue
            devices = (search.device,) if search.device is not None else entry.devices(search.machine) or ("cpu",)
            candidates += [examine(artifact, entry, place, search) for place in devices]
    if not candidates:
        raise InputError(_nothing_loads(artifacts, search.backend))
    return tuple(candidates)


def _nothing_loads(artifacts: Sequence[Artifact], backend: str | None) -> str:
    methods = ", ".join(artifact.manifest.method for artifact in artifacts)
    if backend is None:
        return f"No backend of this medmo-edge loads {methods}; update medmo-edge."
    able = [
        entry.name
        for entry in BACKENDS
        if any(artifact.manifest.method in (*entry.methods, *entry.rounds) for artifact in artifacts)
    ]
    return f"The backend {backend!r} cannot load {methods}; use {' or '.join(able) or 'a newer medmo-edge'}."
