"""The `onnx` backend: ONNX artifacts on ONNX Runtime."""

from __future__ import annotations

from medmo_models.artifact import Artifact, Method
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.onnx.providers import PROVIDERS, available_names, provider_availability, provider_options
from medmo_runtime.generation import LoadedModel
from medmo_runtime.memory import MemoryEstimate, estimate

#: The dtype that stands for products over int8 activations (``MatMulNBits`` accuracy level 4).
INT8 = "int8"


class OnnxBackend:
    """Runs an ONNX artifact (see `medmo_runtime.backends.base.Backend`)."""

    name = "onnx"
    methods: tuple[Method, ...] = ("onnx-int4", "onnx-fp32")

    def devices(self) -> tuple[str, ...]:
        """Return the devices of the providers that the installed ONNX Runtime has."""
        names = available_names()
        return tuple(provider.device for provider in PROVIDERS if provider.name in names)

    def availability(self, device: str) -> Availability:
        """Say whether ONNX Runtime has a provider for ``device`` that works here."""
        return provider_availability(device)

    def compute_dtype(self, artifact: Artifact, device: str) -> str:
        """Return int8 on a CPU for 4-bit weights (products over rounded activations, much faster), else float32."""
        return INT8 if artifact.manifest.method == "onnx-int4" and device == "cpu" else "float32"

    def estimate_memory(
        self, artifact: Artifact, device: str, dtype: str, context_tokens: int, max_pixels: int | None = None
    ) -> MemoryEstimate:
        """Predict memory with the weights as stored; activations and KV cache are float32 whatever ``dtype`` is."""
        return estimate(artifact.spec, artifact.weight_bytes, "float32", device, context_tokens, max_pixels)

    def load(self, artifact: Artifact, device: str, dtype: str) -> LoadedModel:
        """Load the decoder and the embedding; the vision encoder follows with the first image."""
        from medmo_models.errors import InputError
        from medmo_models.networks.onnx.network import OnnxNetwork
        from medmo_runtime.backends.onnx.model import OnnxModel
        from medmo_runtime.machine import usable_cores

        if dtype not in (INT8, "float32"):
            raise InputError(f"The onnx backend computes in float32 or int8, not {dtype}.")
        provider, placement = provider_options(device)
        network = OnnxNetwork(
            artifact.path,
            exact=dtype == "float32",
            provider=provider,
            placement=placement,
            threads=usable_cores() if device == "cpu" else None,
        )
        return OnnxModel(network, artifact.id)
