"""The `openvino` backend: ONNX artifacts on OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping

from medmo_models.artifact import Artifact, Method
from medmo_models.errors import InputError
from medmo_runtime.backends.base import Availability
from medmo_runtime.backends.onnx.memory import releases_vision
from medmo_runtime.backends.openvino.memory import predict_openvino_memory
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Machine
from medmo_runtime.hardware.processor import usable_cores
from medmo_runtime.memory import Measure, MemoryParts, Workload

#: The dtype that stands for products over int8 activations.
INT8 = "int8"
#: Where the tests have run; elsewhere a self-test on the machine comes first.
_PROVEN_ARCHITECTURES = ("x86_64", "AMD64")


class OpenVinoBackend:
    """Runs an ONNX artifact with OpenVINO on a CPU (see `medmo_runtime.backends.base.Backend`)."""

    name = "openvino"
    methods: tuple[Method, ...] = ("onnx-int4", "onnx-fp32")
    rounds: Mapping[Method, Method] = {}

    def devices(self, machine: Machine) -> tuple[str, ...]:
        """Return the CPU: nobody has run it on a GPU."""
        return ("cpu",)

    def availability(self, machine: Machine, device: str) -> Availability:
        """Say whether OpenVINO is there."""
        if device != "cpu":
            return Availability(False, f"it is used on CPUs, not on {device}")
        if missing := machine.libraries.missing("openvino", "onnx"):
            return Availability(False, f"not installed: {', '.join(missing)} (install medmo-edge[openvino])")
        proven = machine.architecture in _PROVEN_ARCHITECTURES
        return Availability(True, f"openvino {machine.libraries.packages['openvino']}", proven=proven)

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        """Return int8 for 4-bit weights (products over rounded activations, much faster), else float32."""
        return INT8 if artifact.manifest.method == "onnx-int4" else "float32"

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        """Return the 8-bit cache, which needs no calibration; for full precision ONNX Runtime's vision encoder too.

        With 4-bit weights the vision encoder has 8 bits in memory, which is less than ONNX Runtime needs.
        """
        return ("8-bit-cache",) if artifact.manifest.method == "onnx-int4" else ("vision-as-stored", "8-bit-cache")

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        """Predict memory."""
        return predict_openvino_memory(artifact, dtype, workload, measures)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        """Load the decoder and map the embedding; the vision encoder follows with the first image."""
        from medmo_models.networks.openvino.network import OpenVinoNetwork
        from medmo_runtime.backends.onnx.model import LONG_CHUNK, OnnxModel, memory_errors_explained

        if dtype not in (INT8, "float32"):
            raise InputError(f"The openvino backend computes in float32 or int8, not {dtype}.")
        with memory_errors_explained("loading the model"):
            network = OpenVinoNetwork(
                artifact.path,
                exact=dtype == "float32",
                threads=usable_cores(),
                eight_bit_cache="8-bit-cache" in measures,
                vision_as_stored="vision-as-stored" in measures,
            )
            network.load_decoder()
        # In long pieces: the plug-in's attention is fast only where nothing came before.
        return OnnxModel(network, artifact.id, releases_vision=releases_vision(artifact), chunk=LONG_CHUNK)
