"""The `onnx` backend: ONNX artifacts on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

from medmo_models.artifact import Artifact, Method
from medmo_models.errors import InputError
from medmo_models.networks.onnx.sessions import Provider
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.onnx.attention_check import attention_is_right
from medmo_runtime.backends.onnx.memory import (
    Reading,
    choose_reading,
    cpu_measures,
    predict_cpu_memory,
    predict_onnx_memory,
    releases_vision,
)
from medmo_runtime.backends.onnx.providers import (
    ExecutionProvider,
    find_provider,
    provider_availability,
    provider_devices,
    provider_options,
)
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.hardware.processor import multiplies_integers, usable_cores
from medmo_runtime.memory import Measure, MemoryParts, Workload

#: The dtype that stands for products over int8 activations (``MatMulNBits`` accuracy level 4).
INT8 = "int8"


class OnnxBackend:
    """Runs an ONNX artifact (see `medmo_runtime.backends.base.Backend`)."""

    name = "onnx"
    methods: tuple[Method, ...] = ("onnx-int4", "onnx-fp32")
    rounds: Mapping[Method, Method] = {}

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return the devices of the providers that ONNX Runtime has built in or plugged in."""
        return provider_devices(machine)

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether ONNX Runtime has a provider for ``device`` that works there."""
        return provider_availability(machine, device)

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return int8 for 4-bit weights where products over rounded activations are much faster, else float32."""
        rounds = device in ("cpu", "webgpu")
        return INT8 if artifact.manifest.method == "onnx-int4" and rounds else "float32"

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return what can be given up; an 8-bit cache has been tested on the CPU only."""
        return cpu_measures(artifact) if device == "cpu" else ("decoder-released",)

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict memory."""
        if device == "cpu":
            return predict_cpu_memory(artifact, dtype, workload, measures)
        return predict_onnx_memory(artifact, workload, measures)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load the decoder, unless it is to be loaded after each image, and the embedding."""
        from medmo_models.networks.onnx.network import OnnxNetwork
        from medmo_runtime.backends.onnx.model import CHUNK, LONG_CHUNK, OnnxModel, memory_errors_explained

        if dtype not in (INT8, "float32"):
            raise InputError(f"The onnx backend computes in float32 or int8, not {dtype}.")
        found = find_provider(device)
        provider, placement = provider_options(device)
        reading = Reading()
        if device == "cpu":
            reading = choose_reading(artifact, dtype, measures, multiplies_integers=multiplies_integers())
        releases_decoder = "decoder-released" in measures
        with memory_errors_explained("loading the model"):
            network = OnnxNetwork(
                artifact.path,
                exact=dtype == "float32",
                provider=provider,
                placement=placement,
                threads=usable_cores() if device == "cpu" else None,
                eight_bit_cache=reading.eight_bit_cache,
                sixteen_bit_attention=found is not None and found.sixteen_bit_attention,
                attention_on_cpu=not _attends(artifact, found, provider),
                layerwise=reading.by_layer,
            )
            if not releases_decoder:
                network.load_decoder()
        return OnnxModel(
            network,
            artifact.id,
            releases_vision=releases_vision(artifact),
            releases_decoder=releases_decoder,
            chunk=LONG_CHUNK if network.layerwise else CHUNK,
        )


def _attends(artifact: Artifact, found: ExecutionProvider | None, provider: Provider) -> bool:
    """Whether the provider's own attention is used: not where it is wrong and can be left to the CPU."""
    if found is None or not found.leaves_attention:
        return True
    return attention_is_right(artifact.path, artifact.spec.architecture, provider)
