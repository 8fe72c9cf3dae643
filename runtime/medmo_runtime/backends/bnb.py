"""The `bnb` backend: bitsandbytes 4-bit artifacts (nf4, fp4) in transformers, on GPU or CPU."""

from __future__ import annotations

from collections.abc import Mapping

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.torch_devices import devices_with_kernels, suitable_dtype, torch_availability
from medmo_runtime.backends.torch_memory import TorchCosts, predict_torch_memory, torch_measures
from medmo_runtime.components import rounded_weight_bytes
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.memory import Measure, MemoryParts, Workload

# A CPU's first product repacks the weights; the file that they came from stays mapped, since others are used from it.
_COSTS = TorchCosts(libraries=960_000_000, packed_copies=2.0)
#: Rounding leaves freed memory in the process: 0.65 GB beside 1.87 GB of packed layers at the 4B shape, on a CPU.
_ROUNDING_COSTS = TorchCosts(libraries=_COSTS.libraries, packed_copies=1.4)


class BitsAndBytesBackend:
    """Runs a bitsandbytes artifact, or rounds a full-precision checkpoint to nf4 while it loads.

    See `medmo_runtime.backends.base.Backend`.
    """

    name = "bnb"
    methods: tuple[Method, ...] = ("bnb-nf4", "bnb-fp4")
    rounds: Mapping[Method, Method] = {"bf16": "bnb-nf4", "fp16": "bnb-nf4", "fp32": "bnb-nf4"}

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return torch's devices that bitsandbytes has kernels for."""
        return devices_with_kernels(machine)

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether bitsandbytes is there and has kernels for ``device``."""
        if device == "mps":
            return Availability(False, "bitsandbytes has no kernels for Apple GPUs")
        return torch_availability(machine, device, "bitsandbytes", "accelerate")

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return the device's suitable dtype."""
        return suitable_dtype(machine, device)

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return those of torch's backends."""
        return torch_measures(artifact, device)

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict memory with the packed weights as stored, or as they will be once rounded."""
        if artifact.manifest.method not in self.rounds:
            return predict_torch_memory(artifact, device, dtype, workload, measures, _COSTS)
        rounded = rounded_weight_bytes(artifact)
        return predict_torch_memory(artifact, device, dtype, workload, measures, _ROUNDING_COSTS, rounded)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load with transformers; products are computed in ``dtype`` whatever the artifact was written with."""
        import torch

        from medmo_models.networks.full_precision import load_full_precision, load_rounded_to_nf4
        from medmo_runtime.backends.torch_model import load_torch_model

        read = load_rounded_to_nf4 if artifact.manifest.method in self.rounds else load_full_precision
        return load_torch_model(
            lambda places: read(artifact.path, device=places, dtype=getattr(torch, dtype)),
            device,
            measures,
        )
