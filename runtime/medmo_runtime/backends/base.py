"""The contract of a backend: it says yes or gives a reason, estimates memory, loads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from medmo_models.artifact import Artifact, Method
from medmo_runtime.generation import LoadedModel
from medmo_runtime.memory import MemoryEstimate


@dataclass(frozen=True)
class Availability:
    """Whether a backend can run on a device, and in words why or why not."""

    available: bool
    reason: str


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

    def devices(self) -> tuple[str, ...]:
        """Return the devices it would use here, best first, for example ``("cuda:0", "cpu")``."""
        ...

    def availability(self, device: str) -> Availability:
        """Say whether it can run on ``device`` on this machine; never raises."""
        ...

    def compute_dtype(self, artifact: Artifact, device: str) -> str:
        """Return the dtype of activations that it would choose, for example ``float32``."""
        ...

    def estimate_memory(
        self, artifact: Artifact, device: str, dtype: str, context_tokens: int, max_pixels: int | None = None
    ) -> MemoryEstimate:
        """Predict the memory of loading and of answering over ``context_tokens`` tokens and an image."""
        ...

    def load(self, artifact: Artifact, device: str, dtype: str) -> LoadedModel:
        """Load the artifact.

        Raises
        ------
        medmo_models.errors.InputError
            If the artifact is damaged or of another kind.
        medmo_models.errors.CannotRunError
            If the device runs out of memory.
        """
        ...
