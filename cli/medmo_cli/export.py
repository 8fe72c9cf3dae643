"""``medmo export``: quantize a checkpoint to an artifact."""

from __future__ import annotations

from typing import Annotated

import typer

from medmo_cli.calibration import open_calibration
from medmo_cli.export_options import (
    ActivationOrderOption,
    CalibrationOption,
    DampingOption,
    DeviceOption,
    GptaqOption,
    JsonOption,
    ModelOption,
    OutOption,
    OverwriteOption,
    RecipeOption,
    SamplesOption,
    ScaleSearchOption,
    SymmetricOption,
    TextOnlyOption,
    VisualWeightOption,
)
from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_cli.progress import phase_progress
from medmo_export.checkpoint import check_checkpoint
from medmo_export.gptq.options import GptqOptions
from medmo_export.onnx.options import FULL_PRECISION, onnx_options
from medmo_export.pipeline import ExportMethod, ExportRequest, run_export
from medmo_export.recipe import read_recipe
from medmo_models.artifact import Artifact
from medmo_models.errors import InputError
from medmo_models.library import find_model
from medmo_runtime.memory import readable_bytes

_BNB_METHODS: dict[str, ExportMethod] = {"nf4": "bnb-nf4", "fp4": "bnb-fp4"}
_ONNX_WEIGHTS = ("gptq", "round-to-nearest", "float32")
app = typer.Typer(no_args_is_help=True, help="Quantize a full-precision checkpoint to 4 bits.")


def run_with_progress(request: ExportRequest) -> Artifact:
    """Run one export with a bar per phase on stderr."""
    with phase_progress(request.method) as update:
        return run_export(request, update, lambda text: messages.print(text, markup=False, soft_wrap=True))


def _export(request: ExportRequest, as_json: bool) -> None:
    artifact = run_with_progress(request)
    manifest = artifact.manifest
    if as_json:
        print_json(
            {
                "path": str(artifact.path),
                "id": artifact.id,
                "method": manifest.method,
                "bits_per_weight": manifest.bits_per_weight,
                "bytes": artifact.weight_bytes,
                "self_check": manifest.self_check,
            }
        )
        return
    results.print(f"wrote {artifact.path}", markup=False)
    check = manifest.self_check or {}
    results.print(
        f"{manifest.method}, {manifest.bits_per_weight:.2f} bits per weight in the text layers, "
        f"{readable_bytes(artifact.weight_bytes)}; against the source on {check['samples']} held-out "
        f"samples: mean KLD {check['mean_kld']:.4f}, same most probable token {check['top1']:.1%}",
        markup=False,
    )


@app.command("gptq")
def gptq(
    model: ModelOption,
    out: OutOption,
    group_size: Annotated[int, typer.Option(help="Weights that share one scale.")] = 128,
    activation_order: ActivationOrderOption = False,
    symmetric: SymmetricOption = True,
    damping: DampingOption = GptqOptions.damping,
    scale_search: ScaleSearchOption = GptqOptions.scale_search,
    gptaq: GptaqOption = GptqOptions.gptaq,
    visual_weight: VisualWeightOption = GptqOptions.visual_weight,
    recipe: RecipeOption = None,
    calibration: CalibrationOption = None,
    samples: SamplesOption = 32,
    text_only: TextOnlyOption = False,
    device: DeviceOption = "cpu",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """GPTQ: calibrated 4-bit weights, read by GPTQModel, vLLM and others."""
    with errors_as_sentences():
        checkpoint = find_model(model)
        check_checkpoint(checkpoint)  # before a calibration set is read, which may take minutes
        request = ExportRequest(
            method="gptq",
            checkpoint=checkpoint,
            destination=out,
            gptq=GptqOptions(
                group_size=group_size,
                activation_order=activation_order,
                symmetric=symmetric,
                damping=damping,
                scale_search=scale_search,
                gptaq=gptaq,
                visual_weight=visual_weight,
            ),
            recipe=None if recipe is None else read_recipe(recipe),
            calibration=open_calibration(calibration, samples, text_only),
            device=device,
            overwrite=overwrite,
        )
        _export(request, json)


@app.command("onnx")
def onnx(
    model: Annotated[str, typer.Option("--model", help="A full-precision checkpoint, or a GPTQ artifact to repack.")],
    out: OutOption,
    weights: Annotated[
        str, typer.Option(help="Of a full-precision checkpoint: gptq (calibrated), round-to-nearest, or float32.")
    ] = "gptq",
    group_size: Annotated[int, typer.Option(help="Weights that share one scale (gptq).")] = 128,
    scale_search: ScaleSearchOption = GptqOptions.scale_search,
    gptaq: GptaqOption = GptqOptions.gptaq,
    visual_weight: VisualWeightOption = GptqOptions.visual_weight,
    calibration: CalibrationOption = None,
    samples: SamplesOption = 32,
    text_only: TextOnlyOption = False,
    head_bits: Annotated[int, typer.Option(help="4, 8, 16 or 32.")] = 8,
    embedding_bits: Annotated[int, typer.Option(help="16 or 32.")] = 16,
    vision_bits: Annotated[int, typer.Option(help="8, 16 or 32.")] = 16,
    reference: Annotated[
        str | None, typer.Option(help="The full-precision checkpoint that a repacked artifact is compared with.")
    ] = None,
    recipe: RecipeOption = None,
    device: DeviceOption = "cpu",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """ONNX: runs on ONNX Runtime everywhere, without torch."""
    with errors_as_sentences():
        if weights not in _ONNX_WEIGHTS:
            raise InputError(f"There is no --weights {weights}; choose one of {', '.join(_ONNX_WEIGHTS)}.")
        is_plain = weights == "float32"
        checkpoint = find_model(model)
        calibrates = weights == "gptq" and check_checkpoint(checkpoint, ("gptq",)) != "gptq"
        request = ExportRequest(
            method="onnx-fp32" if is_plain else "onnx-int4",
            checkpoint=checkpoint,
            destination=out,
            gptq=GptqOptions(
                group_size=group_size, scale_search=scale_search, gptaq=gptaq, visual_weight=visual_weight
            ),
            calibration=open_calibration(calibration, samples, text_only) if calibrates else None,
            round_to_nearest=weights == "round-to-nearest",
            onnx=FULL_PRECISION if is_plain else onnx_options(head_bits, embedding_bits, vision_bits),
            recipe=None if recipe is None else read_recipe(recipe),
            reference=None if reference is None else find_model(reference),
            device=device,
            overwrite=overwrite,
        )
        _export(request, json)


@app.command("bnb")
def bnb(
    model: ModelOption,
    out: OutOption,
    quant_type: Annotated[
        str, typer.Option(help="nf4: values spaced for normally distributed weights; fp4: floating-point numbers.")
    ] = "nf4",
    device: DeviceOption = "cpu",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Bitsandbytes nf4 or fp4 with double quantization: no calibration needed."""
    with errors_as_sentences():
        if quant_type not in _BNB_METHODS:
            raise InputError(f"There is no --quant-type {quant_type}; choose one of {', '.join(_BNB_METHODS)}.")
        request = ExportRequest(
            method=_BNB_METHODS[quant_type],
            checkpoint=find_model(model),
            destination=out,
            device=device,
            overwrite=overwrite,
        )
        _export(request, json)
