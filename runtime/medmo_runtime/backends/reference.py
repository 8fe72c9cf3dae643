"""The `reference` backend: the full-precision checkpoint in transformers, on any torch device."""

from __future__ import annotations

from collections.abc import Mapping

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.torch_devices import suitable_dtype, torch_availability
from medmo_runtime.backends.torch_memory import TorchCosts, predict_torch_memory, torch_measures
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.memory import Measure, MemoryParts, Workload

_STORED_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}
_COSTS = TorchCosts(libraries=910_000_000)


class ReferenceBackend:
    """Runs an unquantized checkpoint (see `medmo_runtime.backends.base.Backend`)."""

    name = "reference"
    methods: tuple[Method, ...] = ("bf16", "fp16", "fp32")
    rounds: Mapping[Method, Method] = {}

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return torch's devices."""
        return machine.torch_devices()

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether torch is there and sees ``device``."""
        return torch_availability(machine, device)

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return the device's suitable dtype; bfloat16 where float32 weights would not fit the host."""
        dtype = suitable_dtype(machine, device)
        float32_bytes = artifact.weight_bytes * 4 // _STORED_BYTES[artifact.manifest.method]
        if dtype == "float32" and float32_bytes > 0.8 * machine.memory.free_bytes:
            return "bfloat16"
        return dtype

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return those that round nothing: this backend is what the others are compared with."""
        return tuple(m for m in torch_measures(artifact, device) if m in ("vision-released", "embedding-on-host"))

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict memory with the weights converted to ``dtype``."""
        return predict_torch_memory(artifact, device, dtype, workload, measures, _COSTS)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load with transformers."""
        import torch

        from medmo_models.networks.full_precision import load_full_precision
        from medmo_runtime.backends.torch_model import load_torch_model

        return load_torch_model(
            lambda places: load_full_precision(artifact.path, device=places, dtype=getattr(torch, dtype)),
            device,
            measures,
        )
