"""Exports the embedded model and keeps what this program computes with each export, for `read_artifacts`.

Run with this project's own environment: ``python tests/interop/make_artifacts.py FOLDER``.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from medmo_export.checkpoint_files import copy_companions, write_plain_config
from medmo_export.gptq.options import GptqOptions
from medmo_export.pipeline import ExportMethod, ExportRequest, run_export
from medmo_models.library import embedded_model_path
from medmo_models.networks.dequantized import load_dequantized
from medmo_models.networks.full_precision import load_full_precision
from medmo_models.networks.gptq import load_gptq_network
from medmo_models.networks.inputs import prompt_logits
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PromptPreparer
from medmo_models.specs import spec_for_config
from medmo_models.strict_json import read_json_object

QUESTION = "Detect and localize all abnormalities in this image."
METHODS: tuple[ExportMethod, ...] = ("gptq", "bnb-nf4", "bnb-fp4")


def main() -> None:
    """Make what is missing in the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    pixels = make_phantom(31, 0).pixels
    Image.fromarray(pixels).save(folder / "image.png")
    _copy_source(folder / "bf16")
    _keep_logits(folder / "bf16", "bf16", folder / "bf16.npz", pixels)
    for method in METHODS:
        if not (folder / method).exists():
            run_export(_request(method, folder / method))
        _keep_logits(folder / method, method, folder / f"{method}.npz", pixels)


def _copy_source(destination: Path) -> None:
    """Copy the source's weights with the files that an export writes beside its own."""
    destination.mkdir(exist_ok=True)
    shutil.copyfile(embedded_model_path() / "model.safetensors", destination / "model.safetensors")
    copy_companions(embedded_model_path(), destination)
    write_plain_config(embedded_model_path(), destination)


def _request(method: ExportMethod, destination: Path) -> ExportRequest:
    return ExportRequest(
        method=method,
        checkpoint=embedded_model_path(),
        destination=destination,
        gptq=GptqOptions(group_size=128),
        calibration_samples=4,
    )


def _keep_logits(artifact: Path, method: str, kept: Path, pixels: np.ndarray) -> None:
    """Keep the model's inputs, our backend's logits in bfloat16, and those of the weights written out in float32."""
    spec = spec_for_config(read_json_object(artifact / "config.json"))
    turn = ChatTurn("user", QUESTION, (pixels,))
    prompt = PromptPreparer(artifact, spec.default_max_pixels).prepare([turn])
    load = load_gptq_network if method == "gptq" else load_full_precision
    ours = prompt_logits(load(artifact, device="cpu", dtype=torch.bfloat16), prompt)
    written_out = prompt_logits(load_dequantized(artifact, method), prompt)
    np.savez(
        kept,
        input_ids=prompt.input_ids,
        token_types=prompt.token_types,
        pixel_values=prompt.pixel_values,
        image_grids=prompt.image_grids,
        ours=ours.numpy(),
        written_out=written_out.numpy(),
    )


if __name__ == "__main__":
    main()
