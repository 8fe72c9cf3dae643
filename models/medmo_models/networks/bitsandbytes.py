"""4 bits by bitsandbytes: its settings, and full-precision checkpoints quantized while they load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError, safe_open

from medmo_models.artifact.checkpoint import read_checkpoint
from medmo_models.errors import InputError
from medmo_models.networks.quiet import quiet_transformers

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, Qwen3VLForConditionalGeneration

#: The 16 values that a 4-bit weight can have: ``nf4`` spaces them for normally distributed weights (Dettmers et al.
#: 2023, arXiv:2305.14314), ``fp4`` as floating-point numbers.
QuantType = Literal["nf4", "fp4"]
#: Modules that stay in 16 bits. transformers' default would quantize the vision tower; leaving out the
#: head breaks checkpoints whose head is tied to the embedding.
HIGH_PRECISION = {
    "model.visual": "vision features lose accuracy in 4 bits, and the tower is small",
    "lm_head": "tied to the embedding in the 4B model, and sensitive in the 8B model",
}
#: Weights that share a scale, and scales that share one of their own (bitsandbytes' defaults).
BLOCK_SIZE, SCALE_BLOCK_SIZE = 64, 256


def bitsandbytes_settings(quant_type: QuantType, *, double_quantization: bool = True) -> BitsAndBytesConfig:
    """Return the settings of every 4-bit network that this program makes with bitsandbytes."""
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=quant_type,
        bnb_4bit_use_double_quant=double_quantization,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=list(HIGH_PRECISION),
    )


def quantize_while_loading(
    checkpoint: Path, settings: BitsAndBytesConfig, *, device: str | dict[str, str] = "cpu"
) -> Qwen3VLForConditionalGeneration:
    """Load a full-precision checkpoint with the text layers in 4 bits; one tensor at a time is in full precision.

    Parameters
    ----------
    checkpoint : Path
    settings : BitsAndBytesConfig
        From `bitsandbytes_settings`.
    device : str or dict
        A torch device, or accelerate's map from parts to devices.

    Returns
    -------
    Qwen3VLForConditionalGeneration
        In evaluation mode. Weights are rounded from bfloat16, whatever the checkpoint stores, and what is not quantized
        is bfloat16: so a saved export and a network that was never saved have the same weights. `compute_in` changes
        the dtype of activations.

    Raises
    ------
    InputError
        If transformers cannot read the checkpoint.
    """
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tensors = _unread_tensors(checkpoint)
    try:
        with quiet_transformers():
            network, report = Qwen3VLForConditionalGeneration.from_pretrained(
                None,
                config=Qwen3VLConfig.from_pretrained(checkpoint, local_files_only=True),
                state_dict=tensors,
                quantization_config=settings,
                dtype=torch.bfloat16,
                device_map={"": device} if isinstance(device, str) else device,
                attn_implementation="sdpa",
                output_loading_info=True,
            )
            _read_generation_settings(network, checkpoint)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise InputError(f"{checkpoint} cannot be quantized with bitsandbytes: {error}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        raise InputError(f"{checkpoint} lacks weights or has some of a wrong shape; copy it again.")
    return network.eval()


def _unread_tensors(checkpoint: Path) -> dict[str, Any]:
    """Return what transformers reads each tensor from, when its turn comes.

    Files are read, not mapped as transformers does by itself: mapped pages stay in the process, and at the 4B shape its
    peak was 10.9 GB instead of 4.9 GB (docs/performance.md).
    """
    tensors: dict[str, Any] = {}
    for name in read_checkpoint(checkpoint).files:
        if name.endswith(".safetensors"):
            file: Any = safe_open(checkpoint / name, framework="pt", backend="pread")
            tensors |= {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    return tensors


def _read_generation_settings(network: Any, checkpoint: Path) -> None:
    from transformers import GenerationConfig

    if (checkpoint / "generation_config.json").is_file():
        network.generation_config = GenerationConfig.from_pretrained(checkpoint, local_files_only=True)


def compute_in(network: Any, dtype: torch.dtype) -> None:
    """Give a network with 4-bit layers one dtype for activations and unquantized weights, in place.

    transformers 5.23 leaves the unquantized weights of a quantized checkpoint in the dtype they were saved in.
    """
    import bitsandbytes

    for parameter in network.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(dtype)
    for module in network.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.compute_dtype = dtype
            module.compute_type_is_set = True
