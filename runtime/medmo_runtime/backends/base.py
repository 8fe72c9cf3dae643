"""The contract of a backend: it says yes or gives a reason, predicts memory, loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from medmo_models.artifact import Artifact, Method
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.memory import Measure, MemoryParts, Workload


@dataclass(frozen=True)
class Availability:
    """Whether a backend can run on a device, and in words why or why not.

    ``proven`` is False where nobody has seen it compute right: it then needs a self-test on the machine first.
    """

    available: bool
    reason: str
    proven: bool = True


class Backend(Protocol):
    """One way to run one kind of artifact."""

    @property
    def name(self) -> str:
        """The name that ``--backend`` takes."""
        ...

    @property
    def methods(self) -> tuple[Method, ...]:
        """The artifact methods (`Manifest.method`) that it loads."""
        ...

    @property
    def rounds(self) -> Mapping[Method, Method]:
        """Methods that it rounds to another one while loading, and that one; done only where the backend is named."""
        ...

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return the devices it would use on a machine, best first, for example ``("cuda:0", "cpu")``."""
        ...

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether it can run on ``device`` of a machine; never raises."""
        ...

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return the dtype of activations that it would choose, for example ``float32``."""
        ...

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return what it can do to need less memory on ``device``."""
        ...

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict the memory of loading and answering."""
        ...

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load the artifact.

        Raises
        ------
        medmo_models.errors.InputError
            If the artifact is damaged or of another kind.
        medmo_models.errors.OutOfMemoryError
            If the device runs out of memory.
        """
        ...
