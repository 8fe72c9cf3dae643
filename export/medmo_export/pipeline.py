"""One export from checkpoint to finished artifact: check, quantize, compare with the source, install."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from medmo_export.bnb import HIGH_PRECISION, BnbOptions, quantize_bnb
from medmo_export.calibration import CalibrationSample, calibration_hash, phantom_calibration
from medmo_export.checkpoint import check_checkpoint
from medmo_export.self_check import HELD_OUT_SEED, check_export
from medmo_models.artifact import Artifact, Calibration, ManifestFacts, Source, create_artifact, open_model
from medmo_models.artifact.checkpoint import read_quantization
from medmo_models.artifact.weights import bits_per_weight, read_tensor_headers
from medmo_models.strict_json import read_json_object

ExportMethod = Literal["gptq", "bnb-nf4"]
EXPORT_METHODS: tuple[ExportMethod, ...] = ("gptq", "bnb-nf4")
#: Seed of the calibration phantoms: neither training nor held-out ones.
CALIBRATION_SEED = 99
_CHECK_SAMPLES = 12

#: Called with the phase in words, what is done and the total.
PhaseProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What to export and how.

    Attributes
    ----------
    method : {"gptq", "bnb-nf4"}
    checkpoint : Path
        A full-precision Qwen3-VL checkpoint.
    destination : Path
        The artifact's new directory.
    group_size, activation_order, calibration_samples
        GPTQ only.
    device : str
        Where to quantize.
    overwrite : bool
        Replace an artifact that is already at ``destination``.
    """

    method: ExportMethod
    checkpoint: Path
    destination: Path
    group_size: int = 128
    activation_order: bool = False
    calibration_samples: int = 32
    device: str = "cpu"
    overwrite: bool = False


def run_export(request: ExportRequest, progress: PhaseProgress | None = None) -> Artifact:
    """Export, check against the source, and install in one rename.

    Raises
    ------
    InputError
        If the checkpoint, an option or the destination is wrong, or the result is broken; nothing is
        left behind then.
    """
    report = progress or (lambda _phase, _done, _total: None)
    check_checkpoint(request.checkpoint)
    with create_artifact(request.destination, overwrite=request.overwrite) as writer:
        source = open_model(request.checkpoint)
        calibration = _quantize(request, writer.path, report)
        report("comparing with the source", 0, 1)
        held_out = phantom_calibration(_CHECK_SAMPLES, HELD_OUT_SEED)
        checked = check_export(request.checkpoint, writer.path, request.method, held_out, request.device)
        headers = read_tensor_headers(writer.path.glob("*.safetensors"))
        written = read_quantization(read_json_object(writer.path / "config.json"), headers)
        packed_bits = written.bits if request.method == "gptq" else None
        return writer.finish(
            ManifestFacts(
                spec_id=source.spec.id,
                coordinate_space=source.manifest.coordinate_space,
                method=request.method,
                bits=written.bits,
                group_size=written.group_size,
                symmetric=written.symmetric,
                activation_order=written.activation_order,
                high_precision=HIGH_PRECISION,
                calibration=calibration,
                bits_per_weight=bits_per_weight(headers, packed_bits).text_layers,
                source=Source(source.manifest.source.name, source.manifest.source.sha256),
                tools=_tools(request.method),
                self_check=checked.to_json(),
            )
        )


def _quantize(request: ExportRequest, staging: Path, report: PhaseProgress) -> Calibration | None:
    if request.method == "bnb-nf4":
        report("quantizing", 0, 1)
        quantize_bnb(request.checkpoint, staging, BnbOptions(), device=request.device)
        return None
    from medmo_export.gptq.quantize import GptqOptions, quantize_gptq

    options = GptqOptions(group_size=request.group_size, activation_order=request.activation_order)
    samples: list[CalibrationSample] = phantom_calibration(request.calibration_samples, CALIBRATION_SEED)
    quantize_gptq(request.checkpoint, staging, options, samples, device=request.device, progress=report)
    name = f"phantoms:seed={CALIBRATION_SEED},count={len(samples)}"
    return Calibration(name, calibration_hash(samples), len(samples))


def _tools(method: str) -> dict[str, str]:
    quantizer = "gptqmodel" if method == "gptq" else "bitsandbytes"
    return {name: version(name) for name in ("medmo-edge", "torch", "transformers", quantizer)}
