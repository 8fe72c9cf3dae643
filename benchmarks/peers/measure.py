"""Runs every engine in a process of its own, one after the other, round after round."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from asking import WORDS, noise
from medmo_models.artifact import open_model
from medmo_models.preprocessing import PromptPreparer
from medmo_models.process import environment_with_large_pages
from medmo_models.specs import Architecture, read_architecture
from medmo_models.strict_json import read_json_object
from medmo_runtime.hardware.processor import describe_processor
from medmo_runtime.memory import Workload
from peers.bounds import CacheShape, ReadBandwidth
from peers.job import Job, Timing
from peers.layout import HERE, Engine, Layout, pinned_version
from peers.pausing import run_with_pauses
from peers.results import EngineResult, Run

#: Room for the words of the chat around the question.
_SPARE_PLACES = 128
_LONGEST_S = 1800
#: Decode steps between two measurements of the bandwidth.
_PAUSE_EVERY = 8


@dataclass(frozen=True)
class Settings:
    """What every engine is given.

    ``side`` in pixels, ``text_tokens`` roughly, of the question alone, ``idle`` in seconds between loading and the
    question.
    """

    threads: int
    side: int
    text_tokens: int
    new_tokens: int
    idle: float
    rounds: int


@dataclass(frozen=True)
class Outcome:
    """One answer of one engine: what it took and the bandwidth meanwhile, bytes a second; or why there is none."""

    timing: Timing | None = None
    bandwidths: tuple[float, ...] = ()
    cannot: str | None = None


def measure(layout: Layout, settings: Settings, engines: Sequence[Engine]) -> Run:
    """Measure engines, and the machine's bandwidth while they decode."""
    architecture = read_architecture(read_json_object(layout.checkpoint / "config.json"), "config.json")
    bandwidth = ReadBandwidth(settings.threads)
    with tempfile.TemporaryDirectory() as folder:
        job = _make_job(Path(folder), layout, settings, architecture)
        rounds: dict[str, list[Outcome]] = {engine.name: [] for engine in engines}
        for number in range(settings.rounds):
            for engine in engines:
                print(f"round {number + 1} of {settings.rounds}: {engine.name}", file=sys.stderr, flush=True)
                rounds[engine.name].append(_ask(layout, engine, job, Path(folder), bandwidth))
    return Run(
        settings=vars(settings),
        processor=describe_processor().name,
        shape=CacheShape(architecture.layers, architecture.key_value_heads, architecture.head_dim),
        engines=tuple(_result(layout, engine, rounds[engine.name]) for engine in engines),
    )


def largest_side(checkpoint: Path) -> int:
    """Return the side of the largest square that the model takes without a resize, at most 1024 pixels."""
    return min(1024, math.isqrt(open_model(checkpoint).spec.default_max_pixels) // 32 * 32)


def _make_job(folder: Path, layout: Layout, settings: Settings, architecture: Architecture) -> Job:
    """Write the image and return the question, all but the engine's model."""
    image = folder / "image.npy"
    side = settings.side
    np.save(image, noise(side, seed=0))
    text = _question(layout.checkpoint, settings.text_tokens)
    image_tokens = Workload(side * side).image_tokens(architecture)
    places = image_tokens + settings.text_tokens + settings.new_tokens + _SPARE_PLACES
    return Job(
        model="",
        variant="",
        image=str(image),
        text=text,
        new_tokens=settings.new_tokens,
        threads=settings.threads,
        places=places,
        tied_head=architecture.tied_head,
        idle_s=settings.idle,
        pause_every=_PAUSE_EVERY,
    )


def _question(checkpoint: Path, tokens: int) -> str:
    """Return a text of about so many tokens of the checkpoint's tokenizer, which every engine has."""
    tokenizer = PromptPreparer(checkpoint, 1 << 20).tokenizer
    words = (WORDS * tokens).split()
    count = 1
    while len(tokenizer.encode(" ".join(words[:count]))) < tokens:
        count += 1
    return " ".join(words[:count])


def _ask(layout: Layout, engine: Engine, job: Job, folder: Path, bandwidth: ReadBandwidth) -> Outcome:
    """Return what one answer took."""
    model = layout.model(engine.environment)
    if not model.is_dir():
        return Outcome(cannot="not prepared")
    asked, told = folder / "job.json", folder / "result.json"
    asked.write_text(json.dumps(vars(replace(job, model=str(model), variant=engine.variant))), encoding="utf-8")
    told.unlink(missing_ok=True)
    python = sys.executable if engine.environment is None else str(layout.python(engine.environment))
    search = [str(HERE.parent)] + ([os.environ.get("PYTHONPATH", "")] if engine.environment is None else [])
    environment = os.environ if engine.is_peer else environment_with_large_pages()
    read: list[float] = []
    try:
        done = run_with_pauses(
            [python, "-m", f"peers.engines.{engine.module}", str(asked), str(told)],
            environment | {"PYTHONPATH": os.pathsep.join(filter(None, search))},
            on_pause=lambda: read.append(bandwidth.measure()),
            timeout_s=_LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return Outcome(cannot=f"no answer within {_LONGEST_S} s")
    if done.returncode or not told.is_file():
        return Outcome(cannot=_reason(done, model))
    return Outcome(Timing(**json.loads(told.read_text(encoding="utf-8"))), tuple(read))


def _reason(done: subprocess.CompletedProcess[str], model: Path) -> str:
    """Return the last line of an error, without the places of files on this machine; or the signal that ended it."""
    if done.returncode < 0:
        return f"ended by {signal.Signals(-done.returncode).name}"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else f"ended with {done.returncode}"
    return last.replace(str(model), "the model")[:160].replace("|", "/")


def _result(layout: Layout, engine: Engine, rounds: list[Outcome]) -> EngineResult:
    model = layout.model(engine.environment)
    failures = [one.cannot for one in rounds if one.cannot is not None]
    return EngineResult(
        name=engine.name,
        version=pinned_version(engine.environment) if engine.environment else model.name.removeprefix("medmo-"),
        is_peer=engine.is_peer,
        disk_bytes=sum(path.stat().st_size for path in model.glob("*") if _belongs(path, engine)),
        rounds=tuple(one.timing for one in rounds),
        bandwidths=tuple(one.bandwidths for one in rounds),
        cannot=failures[0] if len(failures) == len(rounds) else None,
    )


def _belongs(path: Path, engine: Engine) -> bool:
    """Whether an engine needs a file: of several quantizations in a folder only its own."""
    return path.suffix != ".gguf" or path.stem in (engine.variant, "mmproj-f16")
