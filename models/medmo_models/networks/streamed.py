"""A network larger than the memory: transformers' own modules without weights, filled from the files one at a time.

The arithmetic is transformers': its vision tower, its decoder layers and its preparation of their inputs. Only the
loop over the layers is ours, and with it the place where DeepStack's features are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from safetensors import safe_open
from torch import nn
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from medmo_models.artifact.checkpoint import read_quantization, weight_files
from medmo_models.artifact.weights import read_tensor_headers
from medmo_models.errors import InputError
from medmo_models.networks.dequantized import unpack_gptq
from medmo_models.networks.inputs import encode_prompt
from medmo_models.networks.quiet import quiet_transformers
from medmo_models.preprocessing import PreparedPrompt
from medmo_models.strict_json import read_json_object

_VISION, _TEXT, _HEAD = "model.visual", "model.language_model", "lm_head"
_EMBEDDING = f"{_TEXT}.embed_tokens"


@dataclass(frozen=True)
class DecoderInputs:
    """What one prompt brings into the text decoder.

    Attributes
    ----------
    hidden : Tensor, shape (1, length, hidden size)
        The hidden states before a layer.
    cosine, sine : Tensor, shape (1, length, head size)
        The interleaved-mRoPE rotations.
    visual : Tensor of bool, shape (1, length)
        Where the image tokens are.
    deepstack : tuple of Tensor, each of shape (image tokens, hidden size)
        The features that are added to the output of layer 0, 1, ...; empty without images.
    """

    hidden: torch.Tensor
    cosine: torch.Tensor
    sine: torch.Tensor
    visual: torch.Tensor
    deepstack: tuple[torch.Tensor, ...] = ()


class StreamedNetwork:
    """A Qwen3-VL checkpoint of which only the parts in use are in memory.

    Parameters
    ----------
    directory : Path
        A full-precision or GPTQ checkpoint; packed weights are written out as they are read.
    device : str
    dtype : torch.dtype
        Of weights and activations.

    Raises
    ------
    InputError
        If the folder holds no such checkpoint.
    """

    def __init__(self, directory: Path, device: str, dtype: torch.dtype) -> None:
        self._directory, self._device, self._dtype = directory, device, dtype
        files = [directory / name for name in weight_files(directory)]
        settings = read_json_object(directory / "config.json")
        self._packed = read_quantization(settings, read_tensor_headers(files)).method == "gptq"
        self._places = {name: file for file in files for name in read_tensor_headers([file])}
        settings.pop("quantization_config", None)
        config = Qwen3VLConfig.from_dict(settings)
        with quiet_transformers(), init_empty_weights(include_buffers=False):
            self._network: Any = Qwen3VLForConditionalGeneration._from_config(config, attn_implementation="sdpa")
        self._network.eval()
        _move_buffers(self._network, device)
        self._text = self._network.model.language_model

    @property
    def layers(self) -> int:
        """Decoder layers."""
        return len(self._text.layers)

    def layer_name(self, index: int) -> str:
        """Return the module name of a decoder layer."""
        return f"{_TEXT}.layers.{index}"

    @contextmanager
    def layer(self, index: int) -> Iterator[nn.Module]:
        """Hold a decoder layer's weights inside the ``with`` block."""
        with self._filled(self.layer_name(index)) as layer:
            yield layer

    @torch.inference_mode()
    def first_inputs(self, prompts: Iterable[PreparedPrompt]) -> Iterator[DecoderInputs]:
        """Yield what each prompt brings into the first layer; vision tower and embedding are in memory meanwhile."""
        with self._filled(_VISION), self._filled(_EMBEDDING):
            for prompt in prompts:
                yield self._first_inputs(prompt)

    def decode(self, layer: nn.Module, index: int, inputs: DecoderInputs) -> DecoderInputs:
        """Run one layer, add DeepStack's features as ``Qwen3VLTextModel.forward`` does, and return the next inputs."""
        hidden = run_layer(layer, inputs)
        if index < len(inputs.deepstack):
            hidden = self._text._deepstack_process(hidden, inputs.visual, inputs.deepstack[index])
        return replace(inputs, hidden=hidden)

    @torch.inference_mode()
    def head(self, hidden: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """Yield logits, float32 on the CPU, shape (length, vocabulary), of hidden states of shape (1, length, size)."""
        tied = self._network.config.tie_word_embeddings
        with self._filled(f"{_TEXT}.norm") as norm, self._filled(_HEAD, _EMBEDDING if tied else _HEAD) as head:
            for states in hidden:
                yield head(norm(states))[0].float().cpu()

    @torch.inference_mode()
    def logits(
        self,
        prompts: Sequence[PreparedPrompt],
        firsts: Sequence[int],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> list[torch.Tensor]:
        """Return each prompt's logits from its first position of interest on, float32 on the CPU.

        Parameters
        ----------
        prompts : sequence of PreparedPrompt
            The hidden states of all of them are in memory at once.
        firsts : sequence of int
        progress : callable
            Called with the layers done and all layers, after each prompt too; may raise to stop.
        """
        states = list(self.first_inputs(prompts))
        for index in range(self.layers):
            with self.layer(index) as layer:
                for place, inputs in enumerate(states):
                    states[place] = self.decode(layer, index, inputs)
                    progress(index, self.layers)
        progress(self.layers, self.layers)
        return list(self.head(inputs.hidden[:, first:] for inputs, first in zip(states, firsts, strict=True)))

    def _first_inputs(self, prompt: PreparedPrompt) -> DecoderInputs:
        seen: dict[str, Any] = {}
        watch = self._text.register_forward_pre_hook(
            lambda _module, _args, kwargs: seen.update(kwargs), with_kwargs=True
        )
        layers = self._text.layers
        self._text.layers = nn.ModuleList([_Capture(seen)])
        try:
            self._network(**encode_prompt(self._network, prompt, self._device), use_cache=False)
        except _CapturedError:
            pass
        finally:
            watch.remove()
            self._text.layers = layers
        hidden, (cosine, sine) = seen["hidden_states"], seen["position_embeddings"]
        visual = seen["visual_pos_masks"]
        if visual is None:
            visual = torch.zeros(hidden.shape[:2], dtype=torch.bool, device=hidden.device)
        return DecoderInputs(hidden, cosine, sine, visual, tuple(seen["deepstack_visual_embeds"] or ()))

    @contextmanager
    def _filled(self, name: str, stored: str | None = None) -> Iterator[nn.Module]:
        """Give a module its weights, which the files may hold under another name, inside the ``with`` block."""
        module: nn.Module = self._network.get_submodule(name)
        empty = {key: value.detach() for key, value in module.named_parameters()}
        module.load_state_dict(self._read(stored or name, empty), strict=False, assign=True)
        try:
            yield module
        finally:
            module.load_state_dict(empty, strict=False, assign=True)

    def _read(self, prefix: str, wanted: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        tensors: dict[str, torch.Tensor] = {}
        names = [name for name in self._places if name.startswith(f"{prefix}.")]
        for file in sorted({self._places[name] for name in names}):
            with safe_open(file, framework="pt") as stored:
                for name in names:
                    if self._places[name] == file:
                        value = stored.get_tensor(name)
                        key = name.removeprefix(f"{prefix}.")
                        # A copy even of the right type: the file's pages are given back when it is closed.
                        tensors[key] = value.to(self._dtype, copy=True) if value.is_floating_point() else value.clone()
        if self._packed:
            tensors = unpack_gptq(tensors)
        for key, empty in wanted.items():
            if key not in tensors or tensors[key].shape != empty.shape:
                raise InputError(f"{self._directory} lacks {prefix}.{key} or has it in a wrong shape; copy it again.")
        return {key: value.to(self._device, self._dtype) for key, value in tensors.items() if key in wanted}


def run_layer(layer: nn.Module, inputs: DecoderInputs) -> torch.Tensor:
    """Return a decoder layer's output without DeepStack's features.

    One prompt without padding: transformers' scaled dot product attention is causal by itself, without a mask.
    """
    output: torch.Tensor = layer(
        inputs.hidden, attention_mask=None, position_ids=None, position_embeddings=(inputs.cosine, inputs.sine)
    )
    return output


class _CapturedError(Exception):
    """Ends transformers' forward at the first layer."""


class _Capture(nn.Module):
    """Stands for the first layer: remembers what reaches it and ends the forward."""

    def __init__(self, seen: dict[str, Any]) -> None:
        super().__init__()
        self._seen = seen

    def forward(self, hidden_states: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        if kwargs["attention_mask"] is not None:
            raise RuntimeError("transformers made an attention mask where none was expected")
        self._seen.update(hidden_states=hidden_states, position_embeddings=kwargs["position_embeddings"])
        raise _CapturedError


def _move_buffers(network: nn.Module, device: str) -> None:
    for module in network.modules():
        for name, value in module._buffers.items():
            module._buffers[name] = None if value is None else value.to(device)
