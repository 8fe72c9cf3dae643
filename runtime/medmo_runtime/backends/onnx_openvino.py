"""The `onnx-openvino` backend: ONNX artifacts on ONNX Runtime, with OpenVINO for the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from medmo_models.artifact import Artifact, Method
from medmo_models.errors import InputError
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.onnx.backend import INT8
from medmo_runtime.backends.onnx.memory import choose_reading, cpu_measures, predict_cpu_memory, releases_vision
from medmo_runtime.backends.openvino import OpenVinoBackend
from medmo_runtime.backends.openvino.memory import with_openvino_vision
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.hardware.processor import multiplies_integers, usable_cores
from medmo_runtime.memory import Measure, MemoryParts, Workload


class OnnxOpenVinoBackend:
    """Runs the decoder with ONNX Runtime and the vision encoder with OpenVINO: each what it is faster at.

    See `medmo_runtime.backends.base.Backend`.
    """

    name = "onnx-openvino"
    methods: tuple[Method, ...] = ("onnx-int4",)
    rounds: Mapping[Method, Method] = {}

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return the CPU."""
        return ("cpu",)

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether both libraries are there."""
        if device == "cpu" and machine.libraries.missing("onnxruntime"):
            return Availability(False, "onnxruntime is not installed")
        found = OpenVinoBackend().availability(machine, device)
        return replace(found, reason=f"onnxruntime, and {found.reason}") if found.available else found

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return int8."""
        return INT8

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return those of the decoder."""
        return cpu_measures(artifact)

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict memory."""
        decoder = predict_cpu_memory(artifact, dtype, workload, measures)
        return with_openvino_vision(decoder, artifact, dtype, workload)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load vision encoder and embedding, and begin to load the decoder, unless that is loaded after each image."""
        from medmo_models.networks.onnx.network import OnnxNetwork
        from medmo_models.networks.openvino.plugin import CpuPlugin
        from medmo_models.networks.openvino.vision import OpenVinoVision
        from medmo_runtime.backends.onnx.model import CHUNK, LONG_CHUNK, OnnxModel, memory_errors_explained

        if dtype != INT8:
            raise InputError(f"The onnx-openvino backend computes in int8, not {dtype}; onnx and openvino do both.")
        reading = choose_reading(artifact, dtype, measures, multiplies_integers=multiplies_integers())
        releases_decoder = "decoder-released" in measures
        with memory_errors_explained("loading the model"):
            threads = usable_cores()
            plugin = CpuPlugin(exact=False, threads=threads)
            vision = OpenVinoVision(plugin, artifact.path, artifact.spec.architecture, eight_bits=True)
            network = OnnxNetwork(
                artifact.path,
                threads=threads,
                eight_bit_cache=reading.eight_bit_cache,
                vision=vision,
                layerwise=reading.by_layer,
            )
            if not releases_decoder:
                network.begin_loading_decoder()
            network.load_vision()
        return OnnxModel(
            network,
            artifact.id,
            releases_vision=releases_vision(artifact),
            releases_decoder=releases_decoder,
            chunk=LONG_CHUNK if network.layerwise else CHUNK,
        )
