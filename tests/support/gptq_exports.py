"""GPTQ exports of the small random checkpoints, each made once per session, and how to undo their packing."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import Qwen3VLForConditionalGeneration

from medmo_export.calibration import CalibrationSample, phantom_calibration
from medmo_export.gptq.options import GptqOptions
from medmo_export.gptq.quantize import quantize_gptq
from medmo_models.preprocessing import ChatTurn
from support.checkpoints import make_checkpoint, random_image

#: Prompts with no image, one that is not square, and two of different sizes: (width, height) each.
IMAGE_SIZES: tuple[tuple[tuple[int, int], ...], ...] = ((), ((288, 160),), ((224, 224), (160, 320)))

_FOLDER = tempfile.TemporaryDirectory()


@cache
def source_checkpoint(shape: str) -> Path:
    """Return a bfloat16 checkpoint of one of `support.checkpoints.SHAPES`."""
    return make_checkpoint(Path(_FOLDER.name) / shape, shape, dtype=torch.bfloat16)


@cache
def gptq_export(shape: str, options: GptqOptions = GptqOptions()) -> Path:  # noqa: B008 - frozen
    """Return the GPTQ export of `source_checkpoint`."""
    destination = Path(tempfile.mkdtemp(dir=_FOLDER.name))
    quantize_gptq(source_checkpoint(shape), destination, options, calibration_samples())
    return destination


def calibration_samples() -> list[CalibrationSample]:
    """Return samples with no, one and two images."""
    asked = [
        ChatTurn("user", "What is different?", tuple(random_image(7, *size) for size in sizes)) for sizes in IMAGE_SIZES
    ]
    answered = [CalibrationSample((turn, ChatTurn("assistant", "a mass on the left")), "CT slice") for turn in asked]
    return [*answered, *phantom_calibration(2, seed=8)]


def packed_layers(export: Path) -> dict[str, torch.Tensor]:
    """Unpack every quantized layer by the format's definition: float32 weights, shape (out, in), by module name.

    GPTQ v1: eight 4-bit or four 8-bit values per int32, the lowest bits first; input i of output o has the weight
    ``scales[g, o] * (q[i, o] - (zeros[g, o] + 1))`` with ``g = g_idx[i]``.
    """
    stored = load_file(export / "model.safetensors")
    layers = {}
    for name in [name.removesuffix(".qweight") for name in stored if name.endswith(".qweight")]:
        words, zero_words = stored[f"{name}.qweight"], stored[f"{name}.qzeros"]
        scales, groups = stored[f"{name}.scales"], stored[f"{name}.g_idx"]
        bits = 32 * len(words) // len(groups)
        fit, mask = 32 // bits, 2**bits - 1
        rows = [(words[row // fit] >> (bits * (row % fit))) & mask for row in range(fit * len(words))]
        columns = [(zero_words[:, place // fit] >> (bits * (place % fit))) & mask for place in range(scales.shape[1])]
        zeros = torch.stack(columns, dim=1) + 1
        layers[name] = ((torch.stack(rows) - zeros[groups]).float() * scales[groups].float()).T.contiguous()
    return layers


@cache
def dequantized_network(export: Path, source: Path) -> Qwen3VLForConditionalGeneration:
    """Return transformers' float32 network of ``source`` with the export's unpacked weights put in."""
    network = Qwen3VLForConditionalGeneration.from_pretrained(source, dtype=torch.float32).eval()
    with torch.no_grad():
        for name, weight in packed_layers(export).items():
            network.get_submodule(name).weight.copy_(weight)
    return network
