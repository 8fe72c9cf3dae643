"""From a prepared prompt to the arguments of a network's forward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from medmo_models.preprocessing import PreparedPrompt

if TYPE_CHECKING:
    from transformers import Qwen3VLForConditionalGeneration


def encode_prompt(
    network: Qwen3VLForConditionalGeneration, prompt: PreparedPrompt, device: str | torch.device | None = None
) -> dict[str, Any]:
    """Run the vision tower and compute the interleaved-mRoPE positions.

    Parameters
    ----------
    network : Qwen3VLForConditionalGeneration
    prompt : PreparedPrompt
    device : str, optional
        Where the inputs go; the network's own device, which is wrong for one that is spread over two.

    Returns
    -------
    dict
        ``input_ids`` (1, length), ``position_ids`` (3, 1, length) and, with images, the encoded image
        features with their DeepStack levels, ready for ``network(**inputs)``.
    """
    device = network.device if device is None else device
    ids = torch.from_numpy(prompt.input_ids)[None].to(device)
    types = torch.from_numpy(prompt.token_types)[None].to(device)
    inputs: dict[str, Any] = {"input_ids": ids}
    grids = None
    if prompt.pixel_values is not None and prompt.image_grids is not None:
        grids = torch.from_numpy(prompt.image_grids).to(device)
        pixels = torch.from_numpy(prompt.pixel_values).to(device)
        features = network.model.get_image_features(pixels, grids, return_dict=True)
        inputs["mm_encoder_outputs"] = {"image": features}
        inputs["image_grid_thw"] = grids
    inputs["position_ids"] = network.model.get_rope_index(ids, types, image_grid_thw=grids)[0]
    return inputs


@torch.inference_mode()
def prompt_logits(network: Qwen3VLForConditionalGeneration, prompt: PreparedPrompt, first: int = 0) -> torch.Tensor:
    """Return the logits from position ``first`` on: float32, shape (length - first, vocabulary), on the CPU."""
    kept = len(prompt.input_ids) - first
    output: torch.Tensor = network(**encode_prompt(network, prompt), use_cache=False, logits_to_keep=kept).logits[0]
    return output.float().cpu()
