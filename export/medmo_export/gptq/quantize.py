"""Quantizes the text decoder of a Qwen3-VL checkpoint with GPTQ, a layer at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from medmo_export.calibration import CalibrationSample
from medmo_export.checkpoint_files import copy_companions, write_config, write_quantize_config
from medmo_export.gptq.device_memory import LongestSample, check_device_memory
from medmo_export.gptq.options import GptqOptions, check_options, grids
from medmo_export.gptq.samples import Prompts, SpilledSamples
from medmo_export.gptq.weights import text_linear_layers, write_weights
from medmo_export.gptq.work import Work
from medmo_export.recipe import dynamic_settings
from medmo_models.artifact.checkpoint import read_checkpoint
from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.errors import InputError, OutOfMemoryError
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.networks.streamed import StreamedNetwork

#: Called with the phase in words, what is done and the total; may raise to stop the export.
PhaseProgress = Callable[[str, int, int], None]
#: Called with a sentence for the person who waits.
Notice = Callable[[str], None]
_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def quantize_gptq(
    checkpoint: Path,
    destination: Path,
    options: GptqOptions,
    calibration: Sequence[CalibrationSample],
    *,
    device: str = "cpu",
    work: Path | None = None,
    progress: PhaseProgress | None = None,
    notice: Notice | None = None,
) -> None:
    """Write ``checkpoint`` in Hugging Face's GPTQ format, version 1.

    Only linear layers of the text decoder are quantized. Vision tower, mergers, embedding, norms and head
    have the source's bytes. One decoder layer and one sample are in memory at a time.

    Parameters
    ----------
    checkpoint : Path
        A full-precision Qwen3-VL checkpoint (see `medmo_export.checkpoint.check_checkpoint`).
    destination : Path
        A staging directory that the caller owns; what is left in it after an error is not usable.
    options : GptqOptions
    calibration : sequence of CalibrationSample
    device : str
        Where to quantize. On a CPU the calibration runs in float32, elsewhere in the checkpoint's dtype.
    work : Path, optional
        A folder of this request's own (see `medmo_export.resume`). What is in it is gone on with, bit by bit as if it
        had never been stopped; it stays when this returns or raises. Without it, nothing can be gone on with.
    progress : callable, optional
    notice : callable, optional

    Raises
    ------
    InputError
        If an option does not fit the checkpoint, or there are no samples.
    CannotRunError
        If the device's memory cannot hold a layer, or runs out, or GPTQ finds no solution for a layer.
    """
    report = progress or (lambda _phase, _done, _total: None)
    say = notice or (lambda _text: None)
    source = read_checkpoint(checkpoint)
    weight_files = [checkpoint / name for name in source.files if name.endswith(".safetensors")]
    check_options(options, text_linear_layers(read_tensor_headers(weight_files)))
    if not calibration:
        raise InputError("GPTQ needs calibration samples; give at least one.")
    prompts = Prompts(source, calibration)
    dtype: torch.dtype = torch.float32 if device == "cpu" else getattr(torch, _DTYPES[source.quantization.method])
    shape, longest = source.spec.architecture, _longest(prompts, report)
    if prediction := check_device_memory(shape, dtype.itemsize, longest, options, device):
        say(prediction)
    with _folder(work, destination) as folder, _memory_errors_explained(device), quiet_gptqmodel():
        from medmo_export.gptq.loop import quantize_layers

        network = StreamedNetwork(checkpoint, device, dtype)
        kept = Work(folder, network.layers)
        samples = SpilledSamples(kept, network, len(prompts), device, with_exact=options.gptaq > 0)
        quantize_layers(network, kept, samples, prompts, options, grids(options), report, say)
        report("writing", 0, 1)
        write_weights(weight_files, kept.results(), destination)
    copy_companions(checkpoint, destination)
    settings = quantization_config(options)
    write_config(checkpoint, destination, settings)
    write_quantize_config(destination, settings)
    report("writing", 1, 1)


def quantization_config(options: GptqOptions) -> dict[str, Any]:
    """Return the settings by which transformers, vLLM, GPTQModel and others read the export."""
    dynamic = {"dynamic": dynamic_settings(options.protected)} if options.protected else {}
    return {
        "quant_method": "gptq",
        "bits": options.bits,
        "group_size": options.group_size,
        "desc_act": options.activation_order,
        "sym": options.symmetric,
        "lm_head": False,
        **dynamic,
        "checkpoint_format": "gptq",
        "pack_dtype": "int32",
        "meta": {
            "quantizer": [f"gptqmodel:{version('gptqmodel')}"],
            "damp_percent": options.damping,
            "mse": options.scale_search,
            "gptaq": None if options.gptaq == 0 else {"alpha": options.gptaq},
            "true_sequential": True,
            "visual_weight": options.visual_weight,
            "act_group_aware": not options.activation_order,
        },
    }


def _longest(prompts: Prompts, report: PhaseProgress) -> LongestSample:
    """Prepare every sample once, so that a bad one is refused before the long work, and measure them."""
    result = LongestSample(0, 0)
    for done, prompt in enumerate(prompts):
        report("preparing samples", done, len(prompts))
        result = result.including(prompt)
    return result


@contextmanager
def _folder(work: Path | None, destination: Path) -> Iterator[Path]:
    if work is not None:
        yield work
        return
    with tempfile.TemporaryDirectory(dir=destination, prefix="quantizing-") as scratch:
        yield Path(scratch)


@contextmanager
def _memory_errors_explained(device: str) -> Iterator[None]:
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemoryError(
            f"{device} ran out of memory while quantizing; close other programs or use another device."
        ) from error
