"""MedMO, through the session that its command line and its viewer use, in a process prepared as their worker is.

The variant is the backend.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from peers.job import Job, Pauses, Timing, answer_job, peak_bytes


class GraphClock:
    """Adds up the seconds that pass inside of the engines' own runs."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self, kind: Any, name: str) -> None:
        """Time every call of a method of a class of the engine's library."""
        method: Callable[..., Any] = getattr(kind, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - began

        setattr(kind, name, timed)

    def watch_backend(self, name: str) -> None:
        """Time the runs of a backend."""
        if name == "openvino":
            import openvino

            for method in ("start_async", "wait"):
                self.watch(openvino.InferRequest, method)
        else:
            import onnxruntime

            for method in ("run", "run_with_iobinding"):
                self.watch(onnxruntime.InferenceSession, method)


def measure(job: Job, began: float) -> Timing:
    """Load and answer."""
    from medmo_models.process import go_offline, hide_torch, quiet_libraries, return_freed_memory

    for prepare_as_the_worker_does in (go_offline, quiet_libraries, hide_torch, return_freed_memory):
        prepare_as_the_worker_does()
    from medmo_models.artifact import open_model
    from medmo_models.imaging import image_from_pixels
    from medmo_runtime.session import Session

    image = image_from_pixels(np.load(job.image))
    height, width = image.pixels.shape[:2]
    artifact = open_model(Path(job.model))
    with Session.open(
        [artifact],
        backend=job.variant,
        device="cpu",
        max_pixels=min(height * width, artifact.spec.default_max_pixels),
        new_tokens=job.new_tokens,
    ) as session:
        loaded = time.perf_counter()
        network: Any = session.model.network  # type: ignore[attr-defined]
        network.settings = replace(network.settings, end_tokens=frozenset())  # every engine makes as many tokens
        pauses, encode_token = Pauses(job.pause_every), network.encode_token

        def encode_after_pause(*arguments: Any) -> Any:
            pauses.before_step()
            return encode_token(*arguments)

        network.encode_token = encode_after_pause
        clock = GraphClock()
        clock.watch_backend(job.variant)
        phases: dict[str, float] = {}
        time.sleep(job.idle_s)
        asked = time.perf_counter()

        def enter(phase: str) -> None:
            phases[phase] = time.perf_counter()
            clock.seconds = 0.0

        stats = session.ask([image], job.text, max_new_tokens=job.new_tokens, on_phase=enter).stats
    assert stats.decode_tokens_per_s is not None
    decode_s = (stats.new_tokens - 1) / stats.decode_tokens_per_s - pauses.seconds
    return Timing(
        load_s=loaded - began,
        vision_s=stats.vision_s,
        prefill_s=stats.prefill_s,
        first_token_s=phases["decode"] - asked,
        decode_tokens_per_s=(stats.new_tokens - 1) / decode_s,
        prompt_tokens=stats.prompt_tokens,
        new_tokens=stats.new_tokens,
        peak_bytes=peak_bytes(),
        weight_bytes=_step_bytes(Path(job.model), job.variant, network.settings.shape),
        cache_value_bytes=network.new_cache(1).dtype.itemsize if "onnx" in job.variant else 2,
        outside_share=1 - clock.seconds / decode_s,
    )


def _step_bytes(model: Path, backend: str, shape: Any) -> int:
    """Return the bytes of the decoder that one token reads; of a head with a shortlist its 8-bit rows hardly count."""
    from medmo_models.networks.onnx.settings import DECODER_WEIGHTS_NAME, SHORTLIST_WEIGHTS_NAME

    whole, shortlist = model / DECODER_WEIGHTS_NAME, model / SHORTLIST_WEIGHTS_NAME
    if backend == "openvino" or not shortlist.is_file():
        return whole.stat().st_size
    head = shape.vocabulary_size * shape.hidden_size * (1 + 4 / 128)
    return int(whole.stat().st_size - head + shortlist.stat().st_size)


if __name__ == "__main__":
    answer_job(measure)
