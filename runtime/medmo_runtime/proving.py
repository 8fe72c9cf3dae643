"""Tests backends on this machine before they are trusted: what has not been measured here is, once, in a worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from medmo_models.artifact import Artifact, open_model
from medmo_models.errors import CancelledError, MedMOError
from medmo_runtime.candidates import Candidate, Search, find_candidates
from medmo_runtime.choose import Choice, choose, same_kind
from medmo_runtime.hardware import probe_machine
from medmo_runtime.hardware.torch_view import confirm_with_torch
from medmo_runtime.measurements import Measurement, MeasurementStore, measurement_key
from medmo_runtime.worker.client import Cancellation, OpenRequest, measure_in_worker

#: Set to 1, it leaves self-tests out of everything but ``medmo doctor``.
SKIP_VARIABLE = "MEDMO_SKIP_SELF_TEST"

#: Returns the embedded model in the format of an artifact's method, to judge a backend on; None if there is none here.
Judge = Callable[[str], Path | None]
Notice = Callable[[str], None]


def self_tests_wanted(option: bool = True) -> bool:
    """Return whether to test backends before they are used: the option, unless `SKIP_VARIABLE` says no."""
    return option and os.environ.get(SKIP_VARIABLE, "") in ("", "0")


def prove_request(
    request: OpenRequest,
    judge: Judge,
    notice: Notice = lambda _text: None,
    cancellation: Cancellation | None = None,
    *,
    torch_here: bool = True,
) -> None:
    """Test what a worker would choose for a request, if it was not tested on this machine yet.

    Parameters
    ----------
    request : OpenRequest
    judge, notice, cancellation
        As `choose_tested`.
    torch_here : bool
        Whether this process may import torch to name the GPUs; else the probe's own names are used.

    Raises
    ------
    InputError, NothingFitsError, CancelledError
        As `choose_tested`.
    """
    artifacts = [open_model(Path(folder)) for folder in request.artifacts]
    machine = probe_machine()
    if torch_here and not all(one.manifest.method.startswith("onnx") for one in artifacts):
        machine = confirm_with_torch(machine)
    search = Search(
        machine,
        request.backend,
        request.device,
        request.dtype,
        request.max_pixels,
        request.images,
        request.new_tokens,
        MeasurementStore(),
        ignore_memory=request.ignore_memory,
    )
    choose_tested(artifacts, search, judge, notice, cancellation)


def measure(
    candidate: Candidate, search: Search, judge: Judge, cancellation: Cancellation | None = None
) -> Measurement:
    """Run a candidate's self-test in a worker and remember it; raises `CancelledError` if the user cancelled.

    An ONNX artifact judges itself: it brings its float32 reference along. A test that cannot be run is remembered as
    such for this call only.
    """
    artifact = candidate.artifact
    method = candidate.method
    try:
        judged_on = None if method.startswith("onnx") else judge(method)
        made = measure_in_worker(
            artifact.path,
            candidate.backend.name,
            candidate.device,
            candidate.dtype,
            judged_on,
            cancellation=cancellation,
        )
    except CancelledError:
        raise
    except MedMOError as error:
        return Measurement(None, f"the self-test could not be run: {error}", 0.0, None, None, 0)
    if search.measurements is not None:
        key = measurement_key(search.machine, artifact.id, candidate.backend.name, candidate.device, candidate.dtype)
        search.measurements.write(key, made)
    return made


def choose_tested(
    artifacts: Sequence[Artifact],
    search: Search,
    judge: Judge,
    notice: Notice = lambda _text: None,
    cancellation: Cancellation | None = None,
) -> Choice:
    """Choose, and test what would be chosen if it was not tested here yet; one that computes wrongly is passed over.

    If several candidates of the best kind can run, all of them are tested, so that the fastest one is known.

    Raises
    ------
    InputError, NothingFitsError
        As `find_candidates` and `choose`.
    CancelledError
        If the user cancelled.
    """
    if search.measurements is None:
        raise ValueError("tests have to be remembered somewhere")
    while True:
        choice = choose(find_candidates(artifacts, search))
        untested = [one for one in same_kind(choice) if one.measured is None]
        if not untested:
            return choice
        for candidate in untested:
            notice(f"testing {candidate.title} on this machine, once (--no-self-test leaves it out)")
            made = measure(candidate, search, judge, cancellation)
            if made.correct is False:
                notice(f"{candidate.title} is refused: {made.reason}")
            elif made.correct is None:
                notice(f"{candidate.title}: {made.reason}")
        if not _remembered(untested, search):
            return choice  # tests that cannot be run or remembered must not be run for ever


def _remembered(candidates: Sequence[Candidate], search: Search) -> bool:
    store = search.measurements or MeasurementStore()
    return all(
        store.read(measurement_key(search.machine, c.artifact.id, c.backend.name, c.device, c.dtype)) is not None
        for c in candidates
    )
