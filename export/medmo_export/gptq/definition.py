"""GPTQModel's Qwen3-VL definition, corrected: calibration sees DeepStack.

GPTQModel runs one decoder layer at a time on cached inputs. Qwen3-VL adds a level of vision features to
the hidden states *between* its first layers (transformers' ``Qwen3VLTextModel.forward``), which
GPTQModel 7.7.0 leaves out without a word: every layer after the first is then calibrated on activations
that never occur. Here the features are remembered when the inputs are captured, and added to each early
layer's output as transformers does.

Import this module inside `medmo_models.networks.gptqmodel_library.quiet_gptqmodel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from gptqmodel.models.auto import MODEL_MAP
from gptqmodel.models.definitions.qwen3_vl import Qwen3_VLQModel

_KEY = "deepstack"


@dataclass(frozen=True)
class DeepStackInputs:
    """What transformers adds between the early layers for one calibration sample.

    Attributes
    ----------
    positions : Tensor of bool, shape (1, length)
        Where the image tokens are.
    levels : tuple of Tensor, each of shape (image tokens, hidden size)
        The features added to the output of layer 0, 1, ...
    """

    positions: torch.Tensor
    levels: tuple[torch.Tensor, ...]


class DeepStackQwen3VL(Qwen3_VLQModel):  # type: ignore[misc]  # gptqmodel has no types
    """Qwen3-VL for GPTQModel with DeepStack in the calibration; inputs come ready-made."""

    #: Inputs are prepared by our own path, so GPTQModel needs no processor.
    require_load_processor = False

    def prepare_dataset(
        self, calibration_dataset: Sequence[dict[str, torch.Tensor]], batch_size: int = 1, **_: Any
    ) -> list[dict[str, torch.Tensor]]:
        """Return the samples, keyword arguments of transformers' forward, as batches of one.

        Text-only samples get their positions here. Transformers would compute the same, but hand a copy to
        the layers, and GPTQModel numbers those copies without counting the samples that have none.
        """
        return [
            sample if "image_grid_thw" in sample else _with_text_positions(sample) for sample in calibration_dataset
        ]

    def pre_quantize_generate_hook_start(self) -> None:
        """Watch what reaches the text model while GPTQModel captures the first layer's inputs."""
        super().pre_quantize_generate_hook_start()
        text_model = self._core_multimodal_model().language_model
        self.current_deepstack: DeepStackInputs | None = None
        self.deepstack_watch = text_model.register_forward_pre_hook(self._remember_deepstack, with_kwargs=True)

    def pre_quantize_generate_hook_end(self) -> None:
        """Stop watching."""
        self.deepstack_watch.remove()
        self.current_deepstack = None
        super().pre_quantize_generate_hook_end()

    def _remember_deepstack(self, _module: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        levels = kwargs.get("deepstack_visual_embeds")
        self.current_deepstack = None if levels is None else DeepStackInputs(kwargs["visual_pos_masks"], tuple(levels))

    def capture_first_layer_input_kwargs(
        self, args: Any, kwargs: Any, batch_device: Any, layer_input_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep the sample's DeepStack features with its cached inputs."""
        captured: dict[str, Any] = super().capture_first_layer_input_kwargs(
            args, kwargs, batch_device, layer_input_kwargs
        )
        if (seen := self.current_deepstack) is not None:
            levels = tuple(level.to(batch_device) for level in seen.levels)
            captured[_KEY] = DeepStackInputs(seen.positions.to(batch_device), levels)
        return captured

    def prepare_layer_replay_kwargs(
        self, layer: Any, layer_input: Any, additional_inputs: dict[str, Any], target_device: Any
    ) -> dict[str, Any]:
        """Keep the features from the decoder layer itself, which does not know them."""
        additional_inputs.pop(_KEY, None)
        prepared: dict[str, Any] = super().prepare_layer_replay_kwargs(
            layer, layer_input, additional_inputs, target_device
        )
        return prepared

    def update_layer_replay_kwargs_from_output(
        self, layer: Any, layer_output: Any, layer_input_kwargs: dict[str, Any], target_device: Any
    ) -> dict[str, Any]:
        """Add the layer's level to its output, in place: the next layer is calibrated on that tensor."""
        deepstack: DeepStackInputs | None = layer_input_kwargs.get(_KEY)
        index = layer.self_attn.layer_idx
        if deepstack is not None and index < len(deepstack.levels):
            hidden = layer_output[0] if isinstance(layer_output, tuple) else layer_output
            text_model = self._core_multimodal_model().language_model
            hidden.copy_(text_model._deepstack_process(hidden, deepstack.positions, deepstack.levels[index]))
        return layer_input_kwargs


def _with_text_positions(sample: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    length = sample["input_ids"].shape[1]
    return {**sample, "position_ids": torch.arange(length).expand(3, 1, length)}


@contextmanager
def registered(definition: type[Any] = DeepStackQwen3VL) -> Iterator[None]:
    """Make GPTQModel use ``definition`` for Qwen3-VL checkpoints inside the ``with`` block."""
    before = MODEL_MAP["qwen3_vl"]
    MODEL_MAP["qwen3_vl"] = definition
    try:
        yield
    finally:
        MODEL_MAP["qwen3_vl"] = before
