"""What the worker process costs: the same answers from a session in this process and from one in a worker.

``python benchmarks/worker_overhead.py [--artifact FOLDER] [--answers N] [--json]`` asks both about the same images in
alternating order. The overhead of an answer is the difference of the two wall times; the overhead of a token is the
difference of the times between the first and the last piece of text, over the pieces.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from medmo_models.artifact import open_model
from medmo_models.imaging import LoadedImage, image_from_pixels
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.conversation import Asker
from medmo_runtime.session import Session
from medmo_runtime.worker import OpenRequest, WorkerSession

#: The limits that the product promises, in milliseconds.
TOKEN_LIMIT_MS, ANSWER_LIMIT_MS = 1.0, 100.0


@dataclass(frozen=True)
class Timing:
    """One answer, in milliseconds; ``per_token`` is None if the text came in fewer than two pieces."""

    whole: float
    per_token: float | None


@dataclass(frozen=True)
class Overhead:
    """Added milliseconds over answers in pairs: median, 90th percentile, and the plain times behind them."""

    what: str
    median_ms: float
    p90_ms: float
    in_process_median_ms: float
    worker_median_ms: float
    limit_ms: float
    pairs: int


def time_answer(asker: Asker, image: LoadedImage) -> Timing:
    """Ask once and time it."""
    pieces: list[float] = []

    def hear(_piece: str) -> bool:
        pieces.append(time.perf_counter())
        return True

    began = time.perf_counter()
    answer = asker.ask([image], LOCALIZE_PROMPT, on_text=hear)
    whole = 1000 * (time.perf_counter() - began)
    tokens = answer.stats.new_tokens - 1
    per_token = 1000 * (pieces[-1] - pieces[0]) / tokens if len(pieces) > 1 and tokens else None
    return Timing(whole, per_token)


def summarize(what: str, pairs: Sequence[tuple[float, float]], limit_ms: float) -> Overhead:
    """Summarize pairs of in-process and worker times."""
    here, there = np.array(pairs).T
    added = there - here
    return Overhead(
        what,
        float(np.median(added)),
        float(np.percentile(added, 90)),
        float(np.median(here)),
        float(np.median(there)),
        limit_ms,
        len(pairs),
    )


def measure(artifact: Path, answers: int) -> list[Overhead]:
    """Answer ``answers`` questions on each side, in turns, who is first changing."""
    images = [
        image_from_pixels(np.ascontiguousarray(make_phantom(71, number).pixels[:224, :224]))
        for number in range(answers)
    ]
    opened = open_model(artifact)
    whole: list[tuple[float, float]] = []
    tokens: list[tuple[float, float]] = []
    with Session.open([opened]) as here, WorkerSession(OpenRequest((str(artifact),))) as there:
        for asker in (here, there):  # the first answer loads and warms up
            time_answer(asker, images[0])
        for number, image in enumerate(images[1:]):
            if number % 2:
                worker, own = time_answer(there, image), time_answer(here, image)
            else:
                own, worker = time_answer(here, image), time_answer(there, image)
            whole.append((own.whole, worker.whole))
            if own.per_token is not None and worker.per_token is not None:
                tokens.append((own.per_token, worker.per_token))
    return [summarize("token", tokens, TOKEN_LIMIT_MS), summarize("answer", whole, ANSWER_LIMIT_MS)]


def embedded_onnx(folder: Path) -> Path:
    """Write the embedded model as 4-bit ONNX."""
    from medmo_export.pipeline import ExportRequest, run_export

    request = ExportRequest(
        method="onnx-int4", checkpoint=embedded_model_path(), destination=folder / "tiny", round_to_nearest=True
    )
    return run_export(request).path


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifact", type=Path, help="the embedded model as ONNX if not given")
    parser.add_argument("--answers", type=int, default=41)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments.artifact or embedded_onnx(Path(folder)), arguments.answers)
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows]}, indent=2))
        return
    print("| per | added, median | added, 90 % | in process | in a worker | limit | pairs |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        times = (row.median_ms, row.p90_ms, row.in_process_median_ms, row.worker_median_ms)
        print(f"| {row.what} | {' | '.join(f'{one:.2f} ms' for one in times)} | {row.limit_ms:g} ms | {row.pairs} |")


if __name__ == "__main__":
    main()
