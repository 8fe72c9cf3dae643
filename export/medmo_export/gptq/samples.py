"""The calibration samples before each layer, on disk: memory holds one at a time, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import nn

from medmo_export.calibration import CalibrationSample
from medmo_export.gptq.work import Work
from medmo_models.artifact.checkpoint import Checkpoint
from medmo_models.networks.streamed import DecoderInputs, StreamedNetwork
from medmo_models.preprocessing import PreparedPrompt, PromptPreparer

#: One calibration sample: what the quantized layers before made of it, and what the source makes (GPTAQ only).
SamplePair = tuple[DecoderInputs, DecoderInputs | None]


class Prompts:
    """The calibration samples, prepared by the path that the runtime uses, one at a time: pixels take memory."""

    def __init__(self, source: Checkpoint, calibration: Sequence[CalibrationSample]) -> None:
        self._preparer = PromptPreparer(source.path, source.spec.default_max_pixels)
        self._calibration = calibration

    def __len__(self) -> int:
        return len(self._calibration)

    def __iter__(self) -> Iterator[PreparedPrompt]:
        for sample in self._calibration:
            yield self._preparer.prepare(sample.turns, add_generation_prompt=False)


class SpilledSamples:
    """The calibration samples of an unfinished export.

    Parameters
    ----------
    work : Work
    network : StreamedNetwork
    count : int
    device : str
    with_exact : bool
        Also keep what the source, unquantized, makes of each sample, as GPTAQ needs it.
    """

    def __init__(self, work: Work, network: StreamedNetwork, count: int, device: str, with_exact: bool) -> None:
        self._work, self._network, self._count = work, network, count
        self._device, self._with_exact = device, with_exact

    def begin(self, prompts: Prompts, step: Callable[[int], None]) -> None:
        """Encode the images and write what each sample brings into the first layer.

        Parameters
        ----------
        prompts : Prompts
        step : callable
            Told of the samples done; may raise to stop.
        """
        for sample, inputs in enumerate(self._network.first_inputs(prompts)):
            levels = {f"deepstack.{level}": value for level, value in enumerate(inputs.deepstack)}
            constants = {"cosine": inputs.cosine, "sine": inputs.sine, "visual": inputs.visual, **levels}
            self._work.write_constants(sample, constants)
            self._write(0, sample, (inputs, inputs if self._with_exact else None))
            step(sample + 1)
        self._work.begin(torch.get_num_threads())

    def read(self, layer: int) -> Iterator[SamplePair]:
        """Yield each sample's inputs of a layer."""
        for sample in range(self._count):
            constants = {name: self._moved(value) for name, value in self._work.read_constants(sample).items()}
            hidden = {name: self._moved(value) for name, value in self._work.read_inputs(layer, sample).items()}
            levels = sorted(name for name in constants if name.startswith("deepstack."))
            inputs = DecoderInputs(
                hidden["hidden"],
                constants["cosine"],
                constants["sine"],
                constants["visual"],
                tuple(constants[name] for name in levels),
            )
            yield inputs, replace(inputs, hidden=hidden["exact"]) if self._with_exact else None

    def pass_on(self, layer: nn.Module, source: nn.Module | None, index: int, step: Callable[[], None]) -> None:
        """Write each sample's inputs of the layer after ``index``.

        Parameters
        ----------
        layer : nn.Module
            Quantized.
        source : nn.Module or None
            As it was before; None if only quantized inputs are kept.
        index : int
        step : callable
            Called after each sample; may raise to stop.
        """
        for sample, (quantized, exact) in enumerate(self.read(index)):
            following = self._network.decode(layer, index, quantized)
            true = None if source is None or exact is None else self._network.decode(source, index, exact)
            self._write(index + 1, sample, (following, true))
            step()

    def _write(self, layer: int, sample: int, pair: SamplePair) -> None:
        quantized, exact = pair
        tensors = {"hidden": quantized.hidden}
        if exact is not None:
            tensors["exact"] = (
                exact.hidden.clone()
            )  # before the first layer they are one memory, which no file may hold
        self._work.write_inputs(layer, sample, tensors)

    def _moved(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self._device)
