"""llama.cpp, through the functions that its own ``llama-mtmd-cli`` calls, so that phases can be told apart."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers.job import Job, Pauses, Timing, answer_job, peak_bytes

_PROMPT = "<|im_start|>user\n{marker}{text}<|im_end|>\n<|im_start|>assistant\n"


class _Model:
    """The text model with its context, and the vision encoder."""

    def __init__(self, job: Job) -> None:
        import llama_cpp
        from llama_cpp import mtmd_cpp

        self.llama, self.mtmd = llama_cpp, mtmd_cpp
        llama_cpp.llama_backend_init()
        settings = llama_cpp.llama_model_default_params()
        settings.n_gpu_layers = 0
        path = str(Path(job.model) / f"{job.variant}.gguf").encode()
        self.model = _present(llama_cpp.llama_model_load_from_file(path, settings), "model")
        context = llama_cpp.llama_context_default_params()
        context.n_ctx = -(-job.places // 256) * 256
        context.n_threads = context.n_threads_batch = job.threads
        self.batch = context.n_batch
        self.context = _present(llama_cpp.llama_init_from_model(self.model, context), "context")
        vision = mtmd_cpp.mtmd_context_params_default()
        vision.use_gpu, vision.n_threads, vision.warmup = False, job.threads, False
        projector = str(Path(job.model) / "mmproj-f16.gguf").encode()
        self.vision = _present(mtmd_cpp.mtmd_init_from_file(projector, self.model, vision), "vision encoder")
        self.sampler = llama_cpp.llama_sampler_init_greedy()

    def prefill(self, pixels: np.ndarray[Any, Any], text: str) -> tuple[float, int]:
        """Run the prompt; return the seconds that went into the image, and the prompt's tokens."""
        mtmd, place = self.mtmd, ctypes.c_int32(0)
        chunks, vision_s, tokens = self._tokenize(pixels, text), 0.0, 0
        count = mtmd.mtmd_input_chunks_size(chunks)
        for index in range(count):
            chunk = mtmd.mtmd_input_chunks_get(chunks, index)
            tokens += mtmd.mtmd_input_chunk_get_n_tokens(chunk)
            common = (self.batch, ctypes.byref(place))
            if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE:
                began = time.perf_counter()
                _succeeded(mtmd.mtmd_encode_chunk(self.vision, chunk))
                vision_s += time.perf_counter() - began
                features = mtmd.mtmd_get_output_embd(self.vision)
                done = mtmd.mtmd_helper_decode_image_chunk(
                    self.vision, self.context, chunk, features, place, 0, *common,
                    mtmd.mtmd_helper_post_decode_callback(), None,
                )  # fmt: skip
            else:
                arguments = (self.vision, self.context, chunk, place, 0, self.batch, index == count - 1)
                done = mtmd.mtmd_helper_eval_chunk_single(*arguments, ctypes.byref(place))
            _succeeded(done)
        return vision_s, tokens

    def _tokenize(self, pixels: np.ndarray[Any, Any], text: str) -> Any:
        mtmd = self.mtmd
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        bitmaps = (mtmd.mtmd_bitmap_p_ctypes * 1)(mtmd.mtmd_bitmap_init(width, height, data))
        prompt = _PROMPT.format(marker=mtmd.mtmd_default_marker().decode(), text=text).encode()
        given = mtmd.mtmd_input_text(prompt, len(prompt), True, True)
        chunks = mtmd.mtmd_input_chunks_init()
        _succeeded(mtmd.mtmd_tokenize(self.vision, chunks, ctypes.byref(given), bitmaps, 1))
        return chunks

    def sample(self) -> int:
        """Return the most probable next token."""
        return int(self.llama.llama_sampler_sample(self.sampler, self.context, -1))

    def step(self, token: int) -> None:
        """Run one token."""
        held = (self.llama.llama_token * 1)(token)
        _succeeded(self.llama.llama_decode(self.context, self.llama.llama_batch_get_one(held, 1)))

    def step_bytes(self, tied_head: bool) -> int:
        """Return the bytes of weights that a step reads.

        The table of an embedding that is not the head as well is not read: in both quantizations 4.5 bits a weight.
        """
        llama = self.llama
        whole = int(llama.llama_model_size(self.model))
        vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        return whole if tied_head else whole - int(vocabulary * llama.llama_model_n_embd(self.model) * 4.5 / 8)


def measure(job: Job, began: float) -> Timing:
    """Load and answer."""
    pixels = np.load(job.image)
    model = _Model(job)
    loaded = time.perf_counter()
    time.sleep(job.idle_s)
    asked = time.perf_counter()
    vision_s, prompt_tokens = model.prefill(pixels, job.text)
    token = model.sample()
    first = time.perf_counter()
    pauses = Pauses(job.pause_every)
    for _ in range(job.new_tokens - 1):
        pauses.before_step()
        model.step(token)
        token = model.sample()
    decode_s = time.perf_counter() - first - pauses.seconds
    return Timing(
        load_s=loaded - began,
        vision_s=vision_s,
        prefill_s=first - asked - vision_s,
        first_token_s=first - asked,
        decode_tokens_per_s=(job.new_tokens - 1) / decode_s,
        prompt_tokens=prompt_tokens,
        new_tokens=job.new_tokens,
        peak_bytes=peak_bytes(),
        weight_bytes=model.step_bytes(job.tied_head),
        cache_value_bytes=2,
    )


def _present(made: Any, what: str) -> Any:
    if not made:
        raise RuntimeError(f"llama.cpp did not load the {what}")
    return made


def _succeeded(code: int) -> None:
    if code:
        raise RuntimeError(f"llama.cpp returned {code}")


if __name__ == "__main__":
    answer_job(measure)
