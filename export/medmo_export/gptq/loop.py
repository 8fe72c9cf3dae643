"""The loop over the decoder layers, which goes on where a killed one stopped.

Import this module inside `medmo_models.networks.gptqmodel_library.quiet_gptqmodel`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from medmo_export.gptq.layer import quantize_layer
from medmo_export.gptq.options import GptqOptions, Grids
from medmo_export.gptq.samples import Prompts, SpilledSamples
from medmo_export.gptq.token_weights import visual_token_weights
from medmo_export.gptq.work import Work
from medmo_models.networks.streamed import StreamedNetwork

#: Called with the phase in words, what is done and the total; may raise to stop the export.
PhaseProgress = Callable[[str, int, int], None]
#: Called with a sentence for the person who waits.
Notice = Callable[[str], None]
_PHASE = "quantizing layers"


def quantize_layers(
    network: StreamedNetwork,
    work: Work,
    samples: SpilledSamples,
    prompts: Prompts,
    options: GptqOptions,
    grids: Grids,
    report: PhaseProgress,
    notice: Notice,
) -> None:
    """Quantize the layers that ``work`` does not hold yet.

    Parameters
    ----------
    network : StreamedNetwork
    work : Work
        Holds all packed layers afterwards.
    samples : SpilledSamples
        Of ``work``.
    prompts : Prompts
    options : GptqOptions
    grids : Grids
    report : PhaseProgress
    notice : Notice
    """
    done, damaged = work.finished_layers()
    if damaged:
        notice("Part of the unfinished export is damaged; what rests on it is done again.")
    if done:
        notice(f"resuming at layer {min(done + 1, network.layers)} of {network.layers}")
    threads = work.threads
    with _threads(threads or torch.get_num_threads()):
        if threads is None and done < network.layers:
            total = len(prompts)
            samples.begin(prompts, lambda count: report("encoding samples", count, total))
        for index in range(done, network.layers):
            _quantize_one(network, work, samples, options, grids, report, index)


def _quantize_one(
    network: StreamedNetwork,
    work: Work,
    samples: SpilledSamples,
    options: GptqOptions,
    grids: Grids,
    report: PhaseProgress,
    index: int,
) -> None:
    def step() -> None:
        report(_PHASE, index, network.layers)

    step()
    with network.layer(index) as layer, torch.inference_mode():
        source = copy.deepcopy(layer) if options.gptaq > 0 else None
        name = network.layer_name(index)
        packed = quantize_layer(
            layer,
            name,
            lambda: samples.read(index),
            options,
            grids,
            source=source,
            token_weights=visual_token_weights(options.visual_weight),
            step=step,
        )
        if index + 1 < network.layers:
            samples.pass_on(layer, source, index, step)
        work.finish_layer(index, packed)
    report(_PHASE, index + 1, network.layers)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with as many threads as the work began with: another number adds in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
