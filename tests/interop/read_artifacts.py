"""Reads the exports as a stranger would: with transformers, optimum, GPTQModel and bitsandbytes, nothing of ours.

Run with an environment that does not have this project: ``python read_artifacts.py FOLDER``, after `make_artifacts`.
Every check prints one line; the exit code is 1 if one fails.
"""

from __future__ import annotations

import os

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
os.environ.setdefault("GPTQMODEL_CPU_WORKERS", "2")

import argparse
import gc
import json
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from transformers import AutoConfig, AutoProcessor, GPTQConfig, Qwen3VLForConditionalGeneration

QUESTION = "Detect and localize all abnormalities in this image."
IS_5 = int(transformers.__version__.split(".")[0]) >= 5
#: The kernel that our backend uses on a CPU; GPTQModel before 7 calls it otherwise, or does not have it.
ATEN = "gptq_torch_aten"
#: Products in bfloat16 against the weights written out in float32: share of the logits' spread.
ROUNDING = 0.05


def check_files(folder: Path, method: str) -> str:
    """Configuration, tokenizer and processor: read by the Auto classes, and what they make is what we made."""
    config = AutoConfig.from_pretrained(folder)
    text = config.text_config
    stored = json.loads((folder / "config.json").read_text())["text_config"]
    rope = getattr(text, "rope_parameters", None) or {"rope_theta": text.rope_theta, **text.rope_scaling}
    for key in ("rope_theta", "mrope_section", "mrope_interleaved"):
        assert rope[key] == stored["rope_parameters"][key], f"{key} is read as {rope[key]}"
    kept = np.load(folder.parent / f"{method}.npz")
    processor = AutoProcessor.from_pretrained(folder)
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    image = Image.open(folder.parent / "image.png").convert("RGB")
    made = processor(text=[prompt], images=[image], return_tensors="pt")
    assert np.array_equal(made["input_ids"][0], kept["input_ids"]), "the tokens differ"
    assert np.array_equal(made["image_grid_thw"], kept["image_grids"]), "the image's grid differs"
    difference = float(np.abs(made["pixel_values"].numpy() - kept["pixel_values"]).max())
    assert difference <= 2 / 127.5, f"pixels differ by {difference:.4f}"
    assert processor.video_processor is not None, "no video processor"
    if method == "gptq":
        alone = json.loads((folder / "quantize_config.json").read_text())
        assert alone == json.loads((folder / "config.json").read_text())["quantization_config"]
    return f"tokens and grid identical, pixels within {difference:.4f} of a range of 2"


def network_inputs(method: str, folder: Path, dtype: torch.dtype) -> dict[str, Any]:
    """Return the arguments of transformers' forward."""
    kept = np.load(folder.parent / f"{method}.npz")
    inputs = {
        "input_ids": torch.from_numpy(kept["input_ids"])[None],
        "pixel_values": torch.from_numpy(kept["pixel_values"]).to(dtype),
        "image_grid_thw": torch.from_numpy(kept["image_grids"]),
        "attention_mask": torch.ones(1, len(kept["input_ids"]), dtype=torch.int64),
    }
    if IS_5:
        inputs["mm_token_type_ids"] = torch.from_numpy(kept["token_types"])[None]
    return inputs


def compare(network: Any, folder: Path, method: str, exact: bool, dtype: torch.dtype = torch.bfloat16) -> str:
    """Compare logits with our backend's, and with the weights written out."""
    kept = np.load(folder.parent / f"{method}.npz")
    with torch.inference_mode():
        logits = network(**network_inputs(method, folder, dtype), use_cache=False).logits[0].float().numpy()
    ours = float(np.abs(logits - kept["ours"]).max())
    spread = float(kept["written_out"].std())
    error = float(np.sqrt(np.mean((logits - kept["written_out"]) ** 2))) / spread
    if exact:
        assert ours == 0, f"logits differ from ours by up to {ours:.4g}"
    assert error < ROUNDING, f"off from the weights written out by {error:.4f} of the logits' spread"
    same = "identical to ours" if ours == 0 else f"up to {ours:.3g} from ours"
    return f"logits {same}, {error:.5f} of their spread from the weights written out in float32"


def transformers_network(folder: Path, dtype: torch.dtype, **settings: Any) -> Any:
    """Load with transformers alone, and refuse weights that are missing or left over."""
    network, report = Qwen3VLForConditionalGeneration.from_pretrained(
        folder, dtype=dtype, device_map={"": "cpu"}, output_loading_info=True, **settings
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report[kind], f"{kind}: {sorted(report[kind])[:3]}"
    return network.eval()


def unquantized(folder: Path, method: str) -> str:
    """The source itself: what a version of transformers computes otherwise, with no quantization to blame."""
    return compare(transformers_network(folder, torch.bfloat16), folder, method, exact=IS_5)


def bitsandbytes(folder: Path, method: str) -> str:
    """Plain transformers with bitsandbytes."""
    return compare(transformers_network(folder, torch.bfloat16), folder, method, exact=IS_5)


def gptq_transformers(folder: Path, method: str) -> str:
    """Plain transformers with optimum and GPTQModel."""
    if IS_5:
        settings = GPTQConfig(bits=4, backend=ATEN)
        network = transformers_network(folder, torch.bfloat16, quantization_config=settings)
        return compare(network, folder, method, exact=True)
    network = transformers_network(folder, torch.float32, quantization_config=GPTQConfig(bits=4, backend="torch"))
    return compare(network, folder, method, exact=False, dtype=torch.float32)


def gptqmodel_alone(folder: Path, method: str) -> str:
    """GPTQModel without transformers' quantizer."""
    from gptqmodel import BACKEND, GPTQModel

    if IS_5:
        loaded = GPTQModel.load(str(folder), device="cpu", backend=BACKEND(ATEN), dtype=torch.bfloat16)
        return compare(loaded.model.eval(), folder, method, exact=True)
    loaded = GPTQModel.load(str(folder), device="cpu", backend=BACKEND.TORCH, dtype=torch.bfloat16)
    return compare(loaded.model.eval(), folder, method, exact=False)


CHECKS: dict[str, tuple[tuple[str, Callable[[Path, str], str]], ...]] = {
    "bf16": (("transformers", unquantized),),
    "gptq": (("files", check_files), ("transformers", gptq_transformers), ("gptqmodel", gptqmodel_alone)),
    "bnb-nf4": (("files", check_files), ("transformers", bitsandbytes)),
    "bnb-fp4": (("files", check_files), ("transformers", bitsandbytes)),
}


def main() -> int:
    """Run every check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    names = ("transformers", "optimum", "gptqmodel", "bitsandbytes", "torch")
    print(", ".join(f"{name} {version(name)}" for name in names), flush=True)
    failures = 0
    for method, checks in CHECKS.items():
        for name, check in checks:
            try:
                print(f"ok      {method} {name}: {check(folder / method, method)}", flush=True)
            except Exception as error:
                failures += 1
                traceback.print_exc()
                print(f"FAILED  {method} {name}: {type(error).__name__}: {error}", flush=True)
            gc.collect()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
