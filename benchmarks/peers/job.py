"""What an engine is asked to do and what it reports: files of JSON between processes of different environments."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One question about one image.

    Attributes
    ----------
    model : str
        The engine's folder.
    variant : str
        Which of several in there (a GGUF quantization, a backend).
    image : str
        ``.npy`` file of uint8, shape (height, width, 3).
    text : str
        The question.
    new_tokens, threads : int
        Tokens to make, whatever they are; threads to make them with.
    places : int
        Tokens for which there must be room.
    tied_head : bool
        Whether the head's weights are the embedding's.
    idle_s : float
        Seconds between loading and the question, in which somebody would choose an image and type.
    pause_every : int
        Decode steps between two `Pauses`; 0 for none, which is for a process that nobody would wake.
    """

    model: str
    variant: str
    image: str
    text: str
    new_tokens: int
    threads: int
    places: int
    tied_head: bool
    idle_s: float
    pause_every: int = 0


@dataclass(frozen=True)
class Timing:
    """What one answer took, in seconds.

    Attributes
    ----------
    load_s : float
        From before the engine is imported until it can be asked.
    vision_s : float
        Encoding the image.
    prefill_s : float
        The rest until the first token, as far as the engine tells it apart.
    first_token_s : float
        From handing over pixels and text to the first token.
    decode_tokens_per_s : float
        Tokens after the first one.
    prompt_tokens, new_tokens : int
    peak_bytes : int
        Highest resident memory of the process.
    weight_bytes : int
        Weights that one decode step reads (of a tied or untied head: it counts once, the embedding not).
    cache_value_bytes : float
        One key or value in the KV cache.
    outside_share : float or None
        Share of a decode step that passes outside of the engine's graphs; None where it is not measured.
    """

    load_s: float
    vision_s: float
    prefill_s: float
    first_token_s: float
    decode_tokens_per_s: float
    prompt_tokens: int
    new_tokens: int
    peak_bytes: int
    weight_bytes: int
    cache_value_bytes: float
    outside_share: float | None = None

    @property
    def start_to_first_token_s(self) -> float:
        """Seconds from before the engine is imported to the first token: what is put off while loading is in here."""
        return self.load_s + self.first_token_s


class Pauses:
    """Stops this process with all its threads every few decode steps, until whoever started it lets it go on.

    Meanwhile that one measures how fast memory can be read: on a shared machine this changes within seconds.

    Parameters
    ----------
    every : int
        Steps; 0 for no pauses.

    Attributes
    ----------
    seconds : float
        How long all pauses took, which is no part of decoding.
    """

    def __init__(self, every: int) -> None:
        self.seconds = 0.0
        self._every, self._steps = every, 0

    def before_step(self) -> None:
        """Pause, if it is time to: the first step is preceded by a pause."""
        if self._every and self._steps % self._every == 0:
            began = time.perf_counter()
            os.kill(os.getpid(), signal.SIGSTOP)
            self.seconds += time.perf_counter() - began
        self._steps += 1


def answer_job(measure: Callable[[Job, float], Timing]) -> None:
    """Read a job from the file in the first argument, measure, and write the result to the file in the second.

    ``measure`` is given the time at which this was called, for `Timing.load_s`.
    """
    began = time.perf_counter()
    job_path, result_path = (Path(argument) for argument in sys.argv[1:])
    job = Job(**json.loads(job_path.read_text(encoding="utf-8")))
    use_cores(job.threads)
    timing = measure(job, began)
    result_path.write_text(json.dumps(asdict(timing)), encoding="utf-8")


def use_cores(count: int) -> None:
    """Keep this process on ``count`` cores, so that no engine has more threads than it was given."""
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, allowed[:count])


def peak_bytes() -> int:
    """Return the highest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not say VmHWM")
