"""The `reference` backend: the full-precision checkpoint in transformers, on any torch device."""

from __future__ import annotations

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.torch_devices import suitable_dtype, torch_availability, torch_devices
from medmo_runtime.generation import LoadedModel
from medmo_runtime.machine import free_memory_bytes
from medmo_runtime.memory import MemoryEstimate, estimate

_STORED_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}
_DTYPE_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}


class ReferenceBackend:
    """Runs an unquantized checkpoint (see `medmo_runtime.backends.base.Backend`)."""

    name = "reference"
    methods: tuple[Method, ...] = ("bf16", "fp16", "fp32")

    def devices(self) -> tuple[str, ...]:
        """Return torch's devices."""
        return torch_devices()

    def availability(self, device: str) -> Availability:
        """Say whether torch is there and sees ``device``."""
        return torch_availability(device)

    def compute_dtype(self, artifact: Artifact, device: str) -> str:
        """Return the device's suitable dtype; bfloat16 where float32 weights would not fit the host."""
        dtype = suitable_dtype(device)
        if dtype == "float32" and self._weight_bytes(artifact, dtype) > 0.8 * free_memory_bytes():
            return "bfloat16"
        return dtype

    def estimate_memory(
        self, artifact: Artifact, device: str, dtype: str, context_tokens: int, max_pixels: int | None = None
    ) -> MemoryEstimate:
        """Predict memory with the weights converted to ``dtype``."""
        return estimate(artifact.spec, self._weight_bytes(artifact, dtype), dtype, device, context_tokens, max_pixels)

    def load(self, artifact: Artifact, device: str, dtype: str) -> LoadedModel:
        """Load with transformers."""
        import torch

        from medmo_models.networks.full_precision import load_full_precision
        from medmo_runtime.backends.torch_model import TorchModel, memory_errors_explained

        with memory_errors_explained(device, "loading the model"):
            network = load_full_precision(artifact.path, device=device, dtype=getattr(torch, dtype))
        return TorchModel(network, device)

    def _weight_bytes(self, artifact: Artifact, dtype: str) -> int:
        stored = artifact.weight_bytes
        return stored * _DTYPE_BYTES[dtype] // _STORED_BYTES[artifact.manifest.method]
