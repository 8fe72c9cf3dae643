"""The `gptq` backend: GPTQ artifacts with GPTQModel's kernels, on GPU or CPU."""

from __future__ import annotations

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.torch_devices import torch_availability, torch_devices
from medmo_runtime.generation import LoadedModel
from medmo_runtime.memory import MemoryEstimate, estimate


class GptqBackend:
    """Runs a GPTQ artifact (see `medmo_runtime.backends.base.Backend`)."""

    name = "gptq"
    methods: tuple[Method, ...] = ("gptq",)

    def devices(self) -> tuple[str, ...]:
        """Return torch's devices that GPTQModel has kernels for."""
        return tuple(device for device in torch_devices() if device != "mps")

    def availability(self, device: str) -> Availability:
        """Say whether GPTQModel is there and has kernels for ``device``."""
        if device == "mps":
            return Availability(False, "GPTQModel's fast kernels do not cover Apple GPUs")
        return torch_availability(device, "gptqmodel")

    def compute_dtype(self, artifact: Artifact, device: str) -> str:
        """Return float16 on accelerators (every kernel has it), float32 on CPUs."""
        return "float32" if device == "cpu" else "float16"

    def estimate_memory(
        self, artifact: Artifact, device: str, dtype: str, context_tokens: int, max_pixels: int | None = None
    ) -> MemoryEstimate:
        """Predict memory with the packed weights as stored."""
        return estimate(artifact.spec, artifact.weight_bytes, dtype, device, context_tokens, max_pixels)

    def load(self, artifact: Artifact, device: str, dtype: str) -> LoadedModel:
        """Load through GPTQModel."""
        import torch

        from medmo_models.networks.gptq import load_gptq_network
        from medmo_runtime.backends.torch_model import TorchModel, memory_errors_explained

        with memory_errors_explained(device, "loading the model"):
            network = load_gptq_network(artifact.path, device=device, dtype=getattr(torch, dtype))
        return TorchModel(network.eval(), device)
