"""Runs one model of a comparison in a process of its own: its peak memory is its own, and a crash takes nothing along.

``python -m medmo_evaluation.compare.worker`` reads a job as JSON on its standard input and writes its progress as JSON
lines on its standard output.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medmo_evaluation.compare.request import ModelPlan, RoundToNearest
from medmo_models.errors import CannotRunError, InputError, MedMOError
from medmo_models.process import go_offline, quiet_libraries

_STOP_SECONDS = 10


@dataclass(frozen=True)
class Job:
    """What a worker does: one model over the first ``count`` samples of ``data``."""

    plan: ModelPlan
    data: str
    count: int
    identity: dict[str, Any]
    records: str
    store: str
    cache_bytes: int
    max_new_tokens: int
    reference_records: str | None

    def to_json(self) -> str:
        """Return the job as one line."""
        return json.dumps({**asdict(self), "plan": {**asdict(self.plan), "path": str(self.plan.path)}})


def read_job(text: str) -> Job:
    """Undo `Job.to_json`."""
    values = json.loads(text)
    plan = values.pop("plan")
    control = None if plan["control"] is None else RoundToNearest(**plan["control"])
    return Job(plan=ModelPlan(**{**plan, "path": Path(plan["path"]), "control": control}), **values)


def run_in_process(job: Job, progress: Callable[[int, int], None]) -> None:
    """Run a job in a process of its own and wait for it.

    Raises
    ------
    InputError, CannotRunError
        With the worker's own sentence, or with how it died.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "medmo_evaluation.compare.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the worker
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(job.to_json())
            process.stdin.close()
            for line in process.stdout:
                message = _message(line)
                if "error" in message:
                    raise _error(message)
                if "done" in message:
                    progress(message["done"], message["total"])
        except BaseException:
            process.terminate()
            _wait(process)
            raise
    if process.returncode != 0:
        raise CannotRunError(
            f"The process that ran {job.plan.name} {_death(process.returncode)}; what it had answered is kept, "
            "run the same command again to go on."
        )


def _message(line: str) -> dict[str, Any]:
    """Read a line of the protocol; a library that writes past Python's streams may put in a line of its own."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _death(code: int) -> str:
    return f"ended with code {code}" if code > 0 else f"was killed by {signal.Signals(-code).name}"


def _error(message: dict[str, Any]) -> MedMOError:
    return {2: InputError, 3: CannotRunError}.get(message["code"], CannotRunError)(message["error"])


def _send(message: dict[str, Any]) -> None:
    print(json.dumps(message), file=sys.__stdout__, flush=True)


def main() -> None:
    """Run the job on standard input."""
    go_offline()
    quiet_libraries()
    sys.stdout = sys.stderr  # what a library prints must not mix with the protocol
    try:
        _run(read_job(sys.stdin.read()))
    except MedMOError as error:
        _send({"error": str(error), "code": error.exit_code})


def _run(job: Job) -> None:
    from medmo_evaluation.compare.answering import answer_dataset
    from medmo_evaluation.compare.controls import open_session
    from medmo_evaluation.compare.records_file import RecordsFile
    from medmo_evaluation.compare.reference_store import ReferenceStore
    from medmo_evaluation.datasets import open_dataset

    dataset = open_dataset(job.data)
    usable = None
    if job.reference_records is not None:
        usable = set(RecordsFile.at(Path(job.reference_records)).open().records)
    with open_session(job.plan) as session:
        answer_dataset(
            session,
            dataset,
            job.count,
            RecordsFile(Path(job.records), job.identity),
            ReferenceStore(Path(job.store), job.count, job.cache_bytes),
            job.max_new_tokens,
            is_reference=job.plan.kind == "reference",
            usable=usable,
            progress=lambda done, total: _send({"done": done, "total": total}),
        )


if __name__ == "__main__":
    main()
