"""Loads GPTQ checkpoints with GPTQModel's kernels, through transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import GPTQConfig, Qwen3VLForConditionalGeneration

from medmo_models.errors import InputError
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel

#: Torch's own int4 product. GPTQModel's other CPU kernels compile first, with a C++ compiler or torch.compile.
_CPU_KERNEL = "gptq_torch_aten"


def load_gptq_network(
    directory: Path, *, device: str | dict[str, str], dtype: torch.dtype
) -> Qwen3VLForConditionalGeneration:
    """Load a GPTQ checkpoint for inference; ``forward`` and ``generate`` are transformers' own.

    Parameters
    ----------
    directory : Path
        In Hugging Face's GPTQ format.
    device : str or dict
        A torch device, or accelerate's map from parts to devices. On a CPU the kernel is torch's int4 product,
        elsewhere GPTQModel's own choice.
    dtype : torch.dtype
        Of activations and of the weights that are not quantized.

    Raises
    ------
    InputError
        If the checkpoint is damaged, or of a layout that the kernels do not read.

    Notes
    -----
    On a CPU the products of quantized layers take bfloat16 activations whatever ``dtype`` is. Torch has a
    fast int4 product for those alone: measured on an AVX2 CPU, a 2560 x 4096 layer takes 1.6 ms for one
    token against 26 ms with float32 activations, at a relative error of 0.2 % against 1e-6.
    """
    try:
        with quiet_gptqmodel():
            network, report = Qwen3VLForConditionalGeneration.from_pretrained(
                directory,
                dtype=dtype,
                device_map={"": device} if isinstance(device, str) else device,
                quantization_config=GPTQConfig(bits=4, backend=_CPU_KERNEL if device == "cpu" else "auto"),
                attn_implementation="sdpa",
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except (OSError, ValueError, KeyError, NotImplementedError, SafetensorError) as error:
        raise InputError(f"{directory} cannot be loaded as a GPTQ checkpoint: {error}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        raise InputError(f"{directory} lacks weights or has some of a wrong shape; copy or export it again.")
    if device == "cpu":
        _prepare_cpu_products(network)
    return network.eval()


def _prepare_cpu_products(network: Qwen3VLForConditionalGeneration) -> None:
    """Repack the weights for torch's int4 product now, not in the first answer, and convert around each layer."""
    from gptqmodel.nn_modules.qlinear.torch_aten_kernel import TorchAtenLinear

    def to_bfloat16(_layer: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        return (inputs[0].to(torch.bfloat16),)

    def to_network_dtype(_layer: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        return output.to(network.dtype)

    for layer in network.modules():
        if isinstance(layer, TorchAtenLinear):
            layer.transform_cpu(torch.bfloat16)
            # As loaded it is a view of the mapped file, all of which stays resident while one view of it is left.
            layer.g_idx = layer.g_idx.clone()
            layer.register_forward_pre_hook(to_bfloat16)
            layer.register_forward_hook(to_network_dtype)
