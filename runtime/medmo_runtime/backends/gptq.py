"""The `gptq` backend: GPTQ artifacts with GPTQModel's kernels, on GPU or CPU."""

from __future__ import annotations

from collections.abc import Mapping

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.torch_devices import devices_with_kernels, torch_availability
from medmo_runtime.backends.torch_memory import TorchCosts, predict_torch_memory, torch_measures
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.memory import Measure, MemoryParts, Workload

_COSTS = TorchCosts(libraries=1_150_000_000, repacks=True)


class GptqBackend:
    """Runs a GPTQ artifact (see `medmo_runtime.backends.base.Backend`)."""

    name = "gptq"
    methods: tuple[Method, ...] = ("gptq",)
    rounds: Mapping[Method, Method] = {}

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return torch's devices that GPTQModel has kernels for."""
        return devices_with_kernels(machine)

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether GPTQModel is there and has kernels for ``device``."""
        if device == "mps":
            return Availability(False, "GPTQModel's fast kernels do not cover Apple GPUs")
        return torch_availability(machine, device, "gptqmodel")

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return float16 on accelerators (every kernel has it), float32 on CPUs."""
        return "float32" if device == "cpu" else "float16"

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return those of torch's backends."""
        return torch_measures(artifact, device)

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict memory with the packed weights as stored."""
        return predict_torch_memory(artifact, device, dtype, workload, measures, _COSTS)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load through GPTQModel."""
        import torch

        from medmo_models.networks.gptq import load_gptq_network
        from medmo_runtime.backends.torch_model import load_torch_model

        return load_torch_model(
            lambda places: load_gptq_network(artifact.path, device=places, dtype=getattr(torch, dtype)),
            device,
            measures,
        )
