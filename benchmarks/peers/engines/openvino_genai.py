"""OpenVINO GenAI's pipeline for vision-language models, as its documentation uses it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from peers.job import Job, Pauses, Timing, answer_job, peak_bytes


def measure(job: Job, began: float) -> Timing:
    """Load and answer."""
    pixels = np.load(job.image)
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # reports every import of OpenVINO otherwise
    import openvino
    import openvino_genai

    pipeline = openvino_genai.VLMPipeline(job.model, "CPU", INFERENCE_NUM_THREADS=job.threads)
    settings = openvino_genai.GenerationConfig()
    settings.max_new_tokens, settings.ignore_eos, settings.do_sample = job.new_tokens, True, False
    loaded = time.perf_counter()
    time.sleep(job.idle_s)
    pauses = Pauses(job.pause_every)

    class PausingStreamer(openvino_genai.StreamerBase):  # type: ignore[misc]  # the library brings no types
        """Told of each token; what runs in other threads pauses with the process."""

        def write(self, _tokens: object) -> openvino_genai.StreamingStatus:
            pauses.before_step()
            return openvino_genai.StreamingStatus.RUNNING

        def end(self) -> None:
            """Nothing is left to do."""

    image = openvino.Tensor(pixels)
    answer = pipeline.generate(job.text, images=[image], generation_config=settings, streamer=PausingStreamer())
    figures = answer.perf_metrics
    steps = figures.get_num_generated_tokens() - 1
    decode_s = figures.get_tpot().mean / 1000 * steps - pauses.seconds
    first_token_s = figures.get_ttft().mean / 1000
    vision_s = figures.get_prepare_embeddings_duration().mean / 1000
    cache_type = openvino.Core().get_property("CPU", "KV_CACHE_PRECISION")
    return Timing(
        load_s=loaded - began,
        vision_s=vision_s,
        prefill_s=first_token_s - vision_s,
        first_token_s=first_token_s,
        decode_tokens_per_s=steps / decode_s,
        prompt_tokens=figures.get_num_input_tokens(),
        new_tokens=figures.get_num_generated_tokens(),
        peak_bytes=peak_bytes(),
        weight_bytes=(Path(job.model) / "openvino_language_model.bin").stat().st_size,
        cache_value_bytes=cache_type.size,
    )


if __name__ == "__main__":
    answer_job(measure)
