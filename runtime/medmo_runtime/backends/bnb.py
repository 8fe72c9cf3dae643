"""The `bnb` backend: bitsandbytes 4-bit artifacts (nf4) in transformers, on GPU or CPU."""

from __future__ import annotations

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.torch_devices import suitable_dtype, torch_availability, torch_devices
from medmo_runtime.generation import LoadedModel
from medmo_runtime.memory import MemoryEstimate, estimate


class BitsAndBytesBackend:
    """Runs a bitsandbytes artifact (see `medmo_runtime.backends.base.Backend`)."""

    name = "bnb"
    methods: tuple[Method, ...] = ("bnb-nf4",)

    def devices(self) -> tuple[str, ...]:
        """Return torch's devices that bitsandbytes has kernels for."""
        return tuple(device for device in torch_devices() if device != "mps")

    def availability(self, device: str) -> Availability:
        """Say whether bitsandbytes is there and has kernels for ``device``."""
        if device == "mps":
            return Availability(False, "bitsandbytes has no kernels for Apple GPUs")
        return torch_availability(device, "bitsandbytes", "accelerate")

    def compute_dtype(self, artifact: Artifact, device: str) -> str:
        """Return the device's suitable dtype."""
        return suitable_dtype(device)

    def estimate_memory(
        self, artifact: Artifact, device: str, dtype: str, context_tokens: int, max_pixels: int | None = None
    ) -> MemoryEstimate:
        """Predict memory with the packed weights as stored."""
        return estimate(artifact.spec, artifact.weight_bytes, dtype, device, context_tokens, max_pixels)

    def load(self, artifact: Artifact, device: str, dtype: str) -> LoadedModel:
        """Load with transformers; products are computed in ``dtype`` whatever the artifact was written with."""
        import torch

        from medmo_models.networks.full_precision import load_bitsandbytes
        from medmo_runtime.backends.torch_model import TorchModel, memory_errors_explained

        with memory_errors_explained(device, "loading the model"):
            network = load_bitsandbytes(artifact.path, device=device, dtype=getattr(torch, dtype))
        return TorchModel(network, device)
