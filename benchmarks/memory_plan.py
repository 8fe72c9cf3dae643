"""Predicted against measured peak memory of whole answers, each in a process of its own.

``python benchmarks/memory_plan.py ARTIFACT... --side 1280 --side 512`` loads each artifact with every backend that can
run it here, asks about a square image that fills the plan's image and context, and prints predicted and measured peak.
A ratio below 1 would be a plan that promises too much.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from asking import WORDS, noise
from medmo_models.artifact import open_model
from medmo_models.imaging import LoadedImage
from medmo_runtime.memory import readable_bytes
from medmo_runtime.worker import OpenRequest, WorkerSession

_NEW_TOKENS = 32


@dataclass(frozen=True)
class Row:
    """One answer."""

    artifact: str
    backend: str
    side: int
    given_up: tuple[str, ...]
    predicted_bytes: int
    measured_bytes: int
    load_s: float
    vision_s: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float | None

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.predicted_bytes / self.measured_bytes


def square_image(side: int, seed: int) -> LoadedImage:
    """Return noise."""
    return LoadedImage(noise(side, seed), side, side, "0" * 64, 0, 1, "array", ())


def measure(
    artifact: Path, side: int, dtype: str | None = None, avoid_steps: int = 0, backend: str | None = None
) -> Row:
    """Answer once and return both figures; with ``avoid_steps`` the plan gives up that much although it need not."""
    request = OpenRequest(
        (str(artifact),), max_pixels=side * side, new_tokens=_NEW_TOKENS, dtype=dtype, backend=backend
    )
    avoid: tuple[str, ...] = ()
    for _ in range(avoid_steps):
        with WorkerSession(OpenRequest(**{**vars(request), "avoid": avoid})) as session:
            avoid = (*avoid, session.open().key)
    with WorkerSession(OpenRequest(**{**vars(request), "avoid": avoid})) as session:
        opened = session.open()
        for seed in (0, 1):  # the second image comes while the first one's model and cache are in memory
            answer = session.ask([square_image(side, seed)], WORDS * 2, max_new_tokens=_NEW_TOKENS)
    assert opened.predicted_bytes is not None
    return Row(
        artifact=open_model(artifact).manifest.method,
        backend=f"{opened.backend}/{opened.device} {opened.dtype}",
        side=side,
        given_up=opened.given_up,
        predicted_bytes=opened.predicted_bytes,
        measured_bytes=answer.stats.peak_memory_bytes,
        load_s=answer.stats.load_s,
        vision_s=answer.stats.vision_s,
        prefill_tokens_per_s=(answer.stats.prompt_tokens - answer.stats.cached_tokens) / answer.stats.prefill_s,
        decode_tokens_per_s=answer.stats.decode_tokens_per_s,
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--side", action="append", type=int, help="side of the square image in pixels, repeatable")
    parser.add_argument("--dtype")
    parser.add_argument("--backend", action="append", help="repeatable: one after the other on the same prompts")
    parser.add_argument("--steps", type=int, default=0, help="measures that the plan takes although it need not")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for artifact in arguments.artifacts:
        for side in arguments.side or [1280]:
            for backend in arguments.backend or [None]:
                row = measure(artifact, side, arguments.dtype, arguments.steps, backend)
                print(json.dumps({**asdict(row), "ratio": row.ratio}) if arguments.json else _line(row), flush=True)


def _line(row: Row) -> str:
    return (
        f"{row.artifact:10} {row.backend:20} {row.side:5} predicted {readable_bytes(row.predicted_bytes):>8} "
        f"measured {readable_bytes(row.measured_bytes):>8} ratio {row.ratio:.3f} load {row.load_s:.1f} s, "
        f"vision {row.vision_s:.1f} s, prefill {row.prefill_tokens_per_s:.1f} tokens/s, "
        f"decode {row.decode_tokens_per_s or 0:.1f} tokens/s {'; '.join(row.given_up)}"
    )


if __name__ == "__main__":
    main()
