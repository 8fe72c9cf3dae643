"""What is predicted not to fit runs only if the user insists, and says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medmo_models.artifact import open_model
from medmo_models.library import embedded_model_path
from medmo_runtime.candidates import Search, find_candidates
from medmo_runtime.choose import NothingFitsError, choose
from medmo_runtime.hardware import HostMemory, probe_machine


def test_the_plan_that_needs_least_is_tried_on_request() -> None:
    memory = HostMemory(total_bytes=8 * 10**9, free_bytes=10**8)
    search = Search(replace(probe_machine(), memory=memory, accelerators=()), backend="reference", device="cpu")
    artifacts = [open_model(embedded_model_path())]
    with pytest.raises(NothingFitsError, match="missing"):
        choose(find_candidates(artifacts, search))
    insisting = replace(search, ignore_memory=True)
    choice = choose(find_candidates(artifacts, insisting))
    assert choice.chosen.plan is not None
    assert choice.chosen.plan.total == min(plan.total for plan in choice.chosen.tried) > 10**8
    assert "on request although only 100 MB are free" in choice.reason
    failed = replace(insisting, avoid=frozenset({choice.chosen.key}))
    with pytest.raises(NothingFitsError):
        choose(find_candidates(artifacts, failed))
