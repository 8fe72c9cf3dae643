"""Quantizes the text decoder of a Qwen3-VL checkpoint with GPTQ."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medmo_export.calibration import CalibrationSample
from medmo_export.checkpoint_files import copy_companions, write_config, write_quantize_config
from medmo_export.gptq.options import GptqOptions, check_options
from medmo_export.gptq.weights import text_linear_layers, write_weights
from medmo_models.artifact.checkpoint import Checkpoint, read_checkpoint
from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.errors import CannotRunError, InputError
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel
from medmo_models.preprocessing import PreparedPrompt, PromptPreparer

if TYPE_CHECKING:
    import torch

#: Called with the phase in words, what is done and the total; may raise to stop the export.
PhaseProgress = Callable[[str, int, int], None]
_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def quantize_gptq(
    checkpoint: Path,
    destination: Path,
    options: GptqOptions,
    calibration: Sequence[CalibrationSample],
    *,
    device: str = "cpu",
    progress: PhaseProgress | None = None,
) -> None:
    """Write ``checkpoint`` in Hugging Face's GPTQ format, version 1.

    Only linear layers of the text decoder are quantized. Vision tower, mergers, embedding, norms and head
    have the source's bytes.

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
    progress : callable, optional

    Raises
    ------
    InputError
        If an option does not fit the checkpoint, or there are no samples.
    CannotRunError
        If the device runs out of memory.
    """
    report = progress or (lambda _phase, _done, _total: None)
    source = read_checkpoint(checkpoint)
    weight_files = [checkpoint / name for name in source.files if name.endswith(".safetensors")]
    check_options(options, text_linear_layers(read_tensor_headers(weight_files)))
    if not calibration:
        raise InputError("GPTQ needs calibration samples; give at least one.")
    inputs = _forward_inputs(source, calibration, report)
    with tempfile.TemporaryDirectory(dir=destination, prefix="quantizing-") as scratch:
        packed = Path(scratch) / "packed"
        with _memory_errors_explained(device):
            _run_gptqmodel(source, packed, options, inputs, device, report)
        report("writing", 0, 1)
        write_weights(weight_files, sorted(packed.glob("*.safetensors")), destination)
    copy_companions(checkpoint, destination)
    settings = quantization_config(options)
    write_config(checkpoint, destination, settings)
    write_quantize_config(destination, settings)
    report("writing", 1, 1)


def quantization_config(options: GptqOptions) -> dict[str, Any]:
    """Return the settings by which transformers, vLLM, GPTQModel and others read the export."""
    return {
        "quant_method": "gptq",
        "bits": options.bits,
        "group_size": options.group_size,
        "desc_act": options.activation_order,
        "sym": options.symmetric,
        "lm_head": False,
        "checkpoint_format": "gptq",
        "pack_dtype": "int32",
        "meta": {
            "quantizer": [f"gptqmodel:{version('gptqmodel')}"],
            "damp_percent": options.damping,
            "mse": options.scale_search,
            "gptaq": None if options.gptaq == 0 else {"alpha": options.gptaq},
            "true_sequential": True,
            "act_group_aware": not options.activation_order,
        },
    }


def _forward_inputs(
    source: Checkpoint, calibration: Sequence[CalibrationSample], report: PhaseProgress
) -> list[dict[str, torch.Tensor]]:
    """Prepare the samples by the path that the runtime uses: keyword arguments of transformers' forward."""
    preparer = PromptPreparer(source.path, source.spec.default_max_pixels)
    inputs = []
    for done, sample in enumerate(calibration):
        report("preparing samples", done, len(calibration))
        inputs.append(_as_tensors(preparer.prepare(sample.turns, add_generation_prompt=False)))
    return inputs


def _as_tensors(prompt: PreparedPrompt) -> dict[str, torch.Tensor]:
    import torch

    tensors = {
        "input_ids": torch.from_numpy(prompt.input_ids)[None],
        "mm_token_type_ids": torch.from_numpy(prompt.token_types)[None],
    }
    if prompt.pixel_values is not None and prompt.image_grids is not None:
        tensors["pixel_values"] = torch.from_numpy(prompt.pixel_values)
        tensors["image_grid_thw"] = torch.from_numpy(prompt.image_grids)
    return tensors


def _run_gptqmodel(
    source: Checkpoint,
    packed: Path,
    options: GptqOptions,
    inputs: list[dict[str, torch.Tensor]],
    device: str,
    report: PhaseProgress,
) -> None:
    """Quantize and save to ``packed``, with all of GPTQModel's own files beside it."""
    import torch

    dtype = "float32" if device == "cpu" else _DTYPES[source.quantization.method]
    with quiet_gptqmodel():
        from gptqmodel import DEVICE_THREAD_POOL, GPTQModel, QuantizeConfig
        from gptqmodel.quantization.config import GPTAQConfig

        from medmo_export.gptq.definition import registered

        settings = QuantizeConfig(
            bits=options.bits,
            group_size=options.group_size,
            desc_act=options.activation_order,
            sym=options.symmetric,
            damp_percent=options.damping,
            mse=options.scale_search,
            gptaq=None if options.gptaq == 0 else GPTAQConfig(alpha=options.gptaq),
            pack_impl="original",  # the others compile C++ first: about 100 seconds
            fallback=None,  # by default, layers with few samples are rounded instead, without a word
            offload_to_disk=True,  # one layer in memory at a time
            offload_to_disk_path=str(packed.with_name("offloaded")),
        )
        with registered(), _logs_kept_in(packed.with_name("logs")), _thread_errors_raised():
            model = GPTQModel.load(
                str(source.path), settings, device=device, dtype=getattr(torch, dtype), trust_remote_code=False
            )
            model.layer_callback = _LayerProgress(report, model.model.config.text_config.num_hidden_layers)
            try:
                model.quantize(inputs, batch_size=1)
            finally:
                DEVICE_THREAD_POOL.wait()  # its threads write below `packed`, which is about to go
            model.save(str(packed))


@contextmanager
def _thread_errors_raised() -> Iterator[None]:
    """Raise what fails in GPTQModel's threads, which would end the whole process at once (7.7.0, ``os._exit``)."""
    from gptqmodel.utils import threadx

    errors: list[BaseException] = []
    before = threadx._DeviceWorker._abort_process
    threadx._DeviceWorker._abort_process = lambda _worker, error: errors.append(error)
    try:
        yield
    finally:
        threadx._DeviceWorker._abort_process = before
        if errors:
            raise errors[0]


class _LayerProgress:
    """GPTQModel's callback after each layer."""

    def __init__(self, report: PhaseProgress, layers: int) -> None:
        self._report, self._layers = report, layers

    def layer_complete(self, layer_idx: int, submodule_finalized: bool) -> None:
        """Report a quantized layer; the second call, when the layer is packed, comes from another thread."""
        if not submodule_finalized:
            self._report("quantizing layers", layer_idx + 1, self._layers)


@contextmanager
def _logs_kept_in(directory: Path) -> Iterator[None]:
    """Send the log files that GPTQModel would leave in the working directory elsewhere."""
    from gptqmodel.looper import loop_processor

    before = loop_processor._PROJECT_LOG_DIR
    loop_processor._PROJECT_LOG_DIR = directory
    try:
        yield
    finally:
        loop_processor._PROJECT_LOG_DIR = before


@contextmanager
def _memory_errors_explained(device: str) -> Iterator[None]:
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise CannotRunError(
            f"{device} ran out of memory while quantizing; use fewer calibration samples or another device."
        ) from error
