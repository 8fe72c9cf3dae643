"""Small random Qwen3-VL checkpoints, of several shapes, for tests of export and runtime.

Weights are scaled so that nothing hides: logits spread over a few units, and DeepStack, the position
embedding and every norm change the answer.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import Qwen2Tokenizer, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from tiny_training import skeleton

#: What differs between the shapes; group sizes 32, 64 and 128 divide every text-decoder linear layer.
_TEXT: dict[str, dict[str, Any]] = {
    "tied": {
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "mrope_section": [12, 10, 10],
        "tie_word_embeddings": True,
    },
    "untied": {
        "hidden_size": 384,
        "intermediate_size": 640,
        "num_hidden_layers": 5,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 32,
        "mrope_section": [8, 4, 4],
        "tie_word_embeddings": False,
    },
    "wide": {
        "hidden_size": 256,
        "intermediate_size": 384,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 128,
        "mrope_section": [24, 20, 20],
        "tie_word_embeddings": True,
    },
}
_VISION: dict[str, dict[str, Any]] = {
    "tied": {"depth": 4, "hidden_size": 192, "num_heads": 3, "deepstack_visual_indexes": [1, 2]},
    "untied": {"depth": 5, "hidden_size": 128, "num_heads": 4, "deepstack_visual_indexes": [0, 2, 3]},
    "wide": {"depth": 3, "hidden_size": 128, "num_heads": 2, "deepstack_visual_indexes": [0, 1]},
}
SHAPES = tuple(_TEXT)


@lru_cache(maxsize=1)
def shared_tokenizer() -> Qwen2Tokenizer:
    """Return a tokenizer like medmo-tiny's, trained once per session (on few texts: it takes a second)."""
    texts = list(skeleton.training_texts(count=40))
    with patch.object(skeleton, "training_texts", lambda: texts):
        return skeleton.build_tokenizer()


def make_config(shape: str) -> Qwen3VLConfig:
    """Return the configuration of one of `SHAPES`."""
    token = shared_tokenizer().convert_tokens_to_ids
    text = dict(_TEXT[shape])
    tied = text["tie_word_embeddings"]
    rope = {
        "rope_type": "default",
        "rope_theta": 5_000_000.0,
        "mrope_section": text.pop("mrope_section"),
        "mrope_interleaved": True,
    }
    return Qwen3VLConfig(
        text_config={
            **text,
            "vocab_size": skeleton.VOCABULARY_SIZE,
            "max_position_embeddings": 4096,
            "rms_norm_eps": 1e-6,
            "rope_parameters": rope,
            "eos_token_id": token("<|im_end|>"),
            "pad_token_id": token("<|endoftext|>"),
            "bos_token_id": None,
        },
        vision_config={
            **_VISION[shape],
            "intermediate_size": 256,
            "out_hidden_size": text["hidden_size"],
            "num_position_embeddings": 256,
        },
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=tied,
    )


def make_network(shape: str, seed: int = 0) -> Qwen3VLForConditionalGeneration:
    """Return a random float32 network of one of `SHAPES`, in evaluation mode."""
    network = Qwen3VLForConditionalGeneration(make_config(shape))
    generator = torch.Generator().manual_seed(seed)

    def fill(tensor: torch.Tensor, mean: float, deviation: float) -> None:
        tensor.copy_(mean + deviation * torch.randn(tensor.shape, generator=generator))

    with torch.no_grad():
        for module in network.modules():
            for name, weight in module.named_parameters(recurse=False):
                if name == "bias":
                    fill(weight, 0.0, 0.1)
                elif isinstance(module, nn.Embedding):
                    fill(weight, 0.0, 2.0 * weight.shape[1] ** -0.5)
                elif weight.ndim == 1:
                    fill(weight, 1.0, 0.2)
                elif module is not network.lm_head:
                    fill(weight, 0.0, weight[0].numel() ** -0.5)
        if not network.config.tie_word_embeddings:
            fill(network.lm_head.weight, 0.0, 2.0 * network.lm_head.in_features**-0.5)
    return network.eval()


def make_checkpoint(
    directory: Path,
    shape: str,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    max_shard_size: str = "5GB",
) -> Path:
    """Write a random checkpoint with tokenizer, chat template and processor settings.

    Parameters
    ----------
    directory : Path
        Created if missing.
    shape : str
        One of `SHAPES`: ``tied`` is medmo-tiny's; ``untied`` has its own head and three DeepStack levels;
        ``wide`` has real MedMO's head size and one key/value head.
    seed : int
    dtype : torch.dtype
        Of the stored weights; MedMO's own checkpoints are bfloat16.
    max_shard_size : str
        For example ``"1MB"``, for a checkpoint of several files.

    Returns
    -------
    Path
        ``directory``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    make_network(shape, seed).to(dtype).save_pretrained(directory, max_shard_size=max_shard_size)
    skeleton.save_processor(directory, shared_tokenizer())
    return directory


def random_image(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return a noisy RGB gradient, shape (height, width, 3)."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.2, 1, height)[:, None, None]
    return (ramp + rng.integers(0, 56, size=(height, width, 3))).astype(np.uint8)


def prepare_prompt(
    directory: Path, sizes: tuple[tuple[int, int], ...], seed: int = 0, max_pixels: int = 1 << 20
) -> PreparedPrompt:
    """Prepare a question about random images of ``sizes`` (width, height); none for a text-only prompt."""
    images = tuple(random_image(seed + index, *size) for index, size in enumerate(sizes))
    turn = ChatTurn("user", "Detect and localize all abnormalities in this image.", images)
    return PromptPreparer(directory, max_pixels).prepare([turn])


def network_inputs(prompt: PreparedPrompt) -> dict[str, Any]:
    """Return a prompt as the keyword arguments of transformers' own forward and generate."""
    inputs: dict[str, Any] = {
        "input_ids": torch.from_numpy(prompt.input_ids)[None],
        "mm_token_type_ids": torch.from_numpy(prompt.token_types)[None],
    }
    if prompt.pixel_values is not None and prompt.image_grids is not None:
        inputs["pixel_values"] = torch.from_numpy(prompt.pixel_values)
        inputs["image_grid_thw"] = torch.from_numpy(prompt.image_grids)
    return inputs


@torch.inference_mode()
def network_logits(network: Qwen3VLForConditionalGeneration, prompt: PreparedPrompt) -> torch.Tensor:
    """Run transformers' own forward; float32 logits of every position, shape (length, vocabulary)."""
    logits: torch.Tensor = network(**network_inputs(prompt)).logits[0]
    return logits.float()


def greedy_tokens(
    network: Qwen3VLForConditionalGeneration, inputs: dict[str, Any], count: int, **options: Any
) -> list[int]:
    """Return up to ``count`` tokens after the prompt, from transformers' own greedy loop."""
    ids = inputs["input_ids"]
    whole = {"attention_mask": torch.ones_like(ids), **inputs}
    made = network.generate(**whole, do_sample=False, max_new_tokens=count, **options)
    return list(map(int, made[0, ids.shape[1] :]))
