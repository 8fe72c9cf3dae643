"""One export from checkpoint to finished artifact: check, quantize, compare with the source, install."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from medmo_export.bnb import HIGH_PRECISION, BnbOptions, quantize_bnb
from medmo_export.calibration import calibration_hash, phantom_calibration, phantom_set
from medmo_export.checkpoint import check_checkpoint, check_preprocessing
from medmo_export.checkpoint_files import copy_companions, write_plain_config
from medmo_export.disk_errors import disk_errors_explained
from medmo_export.onnx.options import WeightBits
from medmo_export.recipe import PROTECTED_REASON, check_recipe
from medmo_export.request import EXPORT_METHODS, ExportMethod, ExportRequest
from medmo_export.resume import gptq_work_folder, work_kept_if_stopped
from medmo_export.self_check import HELD_OUT_SEED, check_export
from medmo_models.artifact import Artifact, Calibration, ManifestFacts, Source, create_artifact, open_model
from medmo_models.artifact.checkpoint import read_quantization
from medmo_models.artifact.weights import bits_per_weight, protected_layers, read_tensor_headers
from medmo_models.errors import CannotRunError, InputError
from medmo_models.networks.bitsandbytes import QuantType
from medmo_models.strict_json import read_json_object

__all__ = ["EXPORT_METHODS", "ExportMethod", "ExportRequest", "Notice", "PhaseProgress", "run_export"]

#: Seed of the calibration phantoms: neither training nor held-out ones.
CALIBRATION_SEED = 99
_CHECK_SAMPLES = 12
#: Samples from which the range of keys and values is taken.
_CACHE_SAMPLES = 8
#: Samples on which reading prompts layer by layer is checked.
_PREFILL_SAMPLES = 4
#: What quantizes, beside torch; ONNX otherwise.
_PACKAGES = {"gptq": ("gptqmodel",), "bnb-nf4": ("bitsandbytes",), "bnb-fp4": ("bitsandbytes",)}
_QUANT_TYPES: dict[ExportMethod, QuantType] = {"bnb-nf4": "nf4", "bnb-fp4": "fp4"}
_INTERMEDIATE = "gptq-intermediate"

#: Called with the phase in words, what is done and the total.
PhaseProgress = Callable[[str, int, int], None]
#: Called with a sentence for the person who waits.
Notice = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Written:
    """What the quantizer wrote, in the manifest's words."""

    bits: int
    group_size: int | None
    symmetric: bool | None
    activation_order: bool | None
    high_precision: Mapping[str, str]
    calibration: Calibration | None
    bits_per_weight: float


def run_export(request: ExportRequest, progress: PhaseProgress | None = None, notice: Notice | None = None) -> Artifact:
    """Export, check against the source, and install in one rename.

    A GPTQ export that is killed or cancelled leaves its finished layers in a hidden folder beside the destination; the
    same request goes on from there, and its result has the same bytes as if it had never been stopped.

    Parameters
    ----------
    request : ExportRequest
    progress : callable, optional
    notice : callable, optional
        Told, in a sentence, what is resumed, what is kept, and how much of a GPU's memory is needed.

    Raises
    ------
    InputError
        If the checkpoint, an option or the destination is wrong, or the result is broken; nothing is
        left behind then.
    CannotRunError
        If a package that quantizes is not installed.
    """
    report = progress or (lambda _phase, _done, _total: None)
    say = notice or (lambda _text: None)
    check_packages(request.method)
    source_method = check_checkpoint(request.checkpoint, ("gptq",) if request.method == "onnx-int4" else ())
    check_preprocessing(request.checkpoint)
    if request.reference is not None:
        source_method = check_checkpoint(request.reference)
    _check_recipe(request)
    with (
        disk_errors_explained(request.destination),
        create_artifact(request.destination, overwrite=request.overwrite) as writer,
        work_kept_if_stopped(request.destination, say),
        disk_errors_explained(request.destination),  # once more: what an error removes depends on what it is
    ):
        source = open_model(request.checkpoint)
        written = _write(request, source, writer.path, report, say)
        held_out = phantom_calibration(_CHECK_SAMPLES, HELD_OUT_SEED)
        compared = request.reference or request.checkpoint
        checked = check_export(compared, source_method, writer.path, request.method, held_out, request.device, report)
        return writer.finish(
            ManifestFacts(
                spec_id=source.spec.id,
                coordinate_space=source.manifest.coordinate_space,
                method=request.method,
                **vars(written),
                source=Source(source.manifest.source.name, source.manifest.source.sha256),
                tools=_tools(request.method),
                self_check=checked.to_json(),
            )
        )


def check_packages(method: ExportMethod) -> None:
    """Raise CannotRunError if a package that an export needs is not installed."""
    needed = ["torch", *_PACKAGES.get(method, ("onnx",))]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotRunError(f"Exporting needs {' and '.join(missing)}: install medmo-edge[torch].")


def _check_recipe(request: ExportRequest) -> None:
    if request.recipe is None:
        return
    from medmo_export.gptq.weights import text_linear_layers
    from medmo_export.onnx.linear import ROUNDING_BLOCK

    files = sorted((request.reference or request.checkpoint).glob("*.safetensors"))
    layers = text_linear_layers(read_tensor_headers(files))
    if not layers:
        raise InputError("A recipe for a quantized artifact needs the full-precision checkpoint: give --reference.")
    group_size = request.gptq.group_size
    if request.method == "onnx-int4" and request.round_to_nearest:
        group_size = ROUNDING_BLOCK
    elif request.method == "onnx-int4":
        group_size = open_model(request.checkpoint).manifest.group_size or group_size
    check_recipe(request.recipe, layers, group_size)


def _write(request: ExportRequest, source: Artifact, staging: Path, report: PhaseProgress, notice: Notice) -> _Written:
    if request.method in _QUANT_TYPES:
        report("quantizing", 0, 1)
        options = BnbOptions(_QUANT_TYPES[request.method])
        quantize_bnb(request.checkpoint, staging, options, device=request.device)
        return _describe_written(staging, None)
    if request.method == "gptq":
        return _describe_written(staging, _calibrated_gptq(request, source, staging, report, notice))
    return _write_onnx(request, source, staging, report, notice)


def _calibrated_gptq(
    request: ExportRequest, source: Artifact, staging: Path, report: PhaseProgress, notice: Notice
) -> Calibration:
    from medmo_export.gptq.quantize import quantize_gptq

    used = request.calibration or phantom_set(request.calibration_samples, CALIBRATION_SEED)
    digest = calibration_hash(used.samples)
    options = request.gptq
    if request.recipe is not None:
        options = replace(options, protected=tuple(sorted(request.recipe.protected)))
    quantize_gptq(
        request.checkpoint,
        staging,
        options,
        used.samples,
        device=request.device,
        work=gptq_work_folder(request.destination, source.id, options, digest, request.device),
        progress=report,
        notice=notice,
    )
    return Calibration(used.id, digest, len(used.samples))


def _describe_written(folder: Path, calibration: Calibration | None) -> _Written:
    """Read back how a safetensors export is stored."""
    headers = read_tensor_headers(folder.glob("*.safetensors"))
    quantization = read_quantization(read_json_object(folder / "config.json"), headers)
    packed_bits = quantization.bits if quantization.method == "gptq" else None
    return _Written(
        bits=quantization.bits,
        group_size=quantization.group_size,
        symmetric=quantization.symmetric,
        activation_order=quantization.activation_order,
        high_precision={**HIGH_PRECISION, **dict.fromkeys(protected_layers(headers), PROTECTED_REASON)},
        calibration=calibration,
        bits_per_weight=bits_per_weight(headers, packed_bits).text_layers,
    )


def _write_onnx(
    request: ExportRequest, source: Artifact, staging: Path, report: PhaseProgress, notice: Notice
) -> _Written:
    from medmo_export.onnx.eight_bit_cache import calibrate_cache, write_eight_bit_cache
    from medmo_export.onnx.linear import ROUNDING_BLOCK
    from medmo_export.onnx.prefill_check import check_prefill_layer
    from medmo_export.onnx.sixteen_bit_attention import write_sixteen_bit_attention
    from medmo_export.onnx.write import Protected, kept_in_higher_precision, write_onnx
    from medmo_models.networks.onnx.settings import EXACT_DECODER_NAME, fast_cpu_decoder

    known = source.manifest
    weights, calibration = request.checkpoint, known.calibration
    group, symmetric, ordered = known.group_size, known.symmetric, known.activation_order
    if request.method == "onnx-fp32":
        group, symmetric, ordered = None, None, None
    elif known.method != "gptq" and request.round_to_nearest:
        group, symmetric, ordered = ROUNDING_BLOCK, True, False
    elif known.method != "gptq":
        weights = staging / _INTERMEDIATE
        weights.mkdir()
        made = _describe_written(weights, calibration := _calibrated_gptq(request, source, weights, report, notice))
        group, symmetric, ordered = made.group_size, made.symmetric, made.activation_order
    text_bits: WeightBits = 32 if request.method == "onnx-fp32" else 4
    fine = frozenset(protected_layers(read_tensor_headers(weights.glob("*.safetensors"))))
    wanted = frozenset() if request.recipe is None else request.recipe.protected
    protected = Protected(wanted - fine, request.reference or request.checkpoint)
    stored = write_onnx(weights, staging, text_bits, request.onnx, report, protected)
    shutil.rmtree(staging / _INTERMEDIATE, ignore_errors=True)
    copy_companions(request.checkpoint, staging)
    write_plain_config(request.checkpoint, staging)
    write_sixteen_bit_attention(staging, EXACT_DECODER_NAME)
    if text_bits == 4:
        report("measuring keys and values", 0, 1)
        for decoder in (EXACT_DECODER_NAME, fast_cpu_decoder(staging)):
            write_eight_bit_cache(staging, decoder)
        samples = phantom_calibration(_CACHE_SAMPLES, CALIBRATION_SEED)
        calibrate_cache(staging, samples)
        report("checking how long prompts are read", 0, 1)
        if (removed := check_prefill_layer(staging, samples[:_PREFILL_SAMPLES])) is not None:
            notice(removed)
    return _Written(
        bits=text_bits,
        group_size=group,
        symmetric=symmetric,
        activation_order=ordered,
        high_precision=kept_in_higher_precision(request.onnx, wanted | fine) if text_bits == 4 else {},
        calibration=calibration if text_bits == 4 else None,
        bits_per_weight=stored.per_weight,
    )


def _tools(method: str) -> dict[str, str]:
    tools = _PACKAGES.get(method, ("onnx",))
    return {name: version(name) for name in ("medmo-edge", "torch", "transformers", *tools)}
