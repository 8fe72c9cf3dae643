from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from medmo_models.library import embedded_model_path
from peers import measure
from peers.bounds import CacheShape, ReadBandwidth, bound_share, step_bytes
from peers.job import Timing
from peers.layout import ENGINES, HERE, LLAMA_CPP, Layout, checkpoint_key
from peers.pausing import run_with_pauses
from peers.results import EngineResult, Run
from peers.table import as_json, render

_SHAPE = CacheShape(layers=2, key_value_heads=3, head_dim=5)
_TIMING = Timing(
    load_s=1.0,
    vision_s=2.0,
    prefill_s=3.0,
    first_token_s=6.0,
    decode_tokens_per_s=10.0,
    prompt_tokens=100,
    new_tokens=20,
    peak_bytes=4 * 10**9,
    weight_bytes=2 * 10**9,
    cache_value_bytes=2,
)


def _result(name: str, is_peer: bool, *tokens_per_s: float) -> EngineResult:
    rounds = tuple(replace(_TIMING, decode_tokens_per_s=one, first_token_s=60 / one) for one in tokens_per_s)
    return EngineResult(name, "1.0", is_peer, 3 * 10**9, rounds, ((30e9, 40e9),) * len(rounds))


def _run(*engines: EngineResult) -> Run:
    settings = {"threads": 2, "side": 1024, "text_tokens": 64, "new_tokens": 20, "idle": 0.0, "rounds": 2}
    return Run(settings, "a processor", _SHAPE, engines)


def test_a_step_reads_the_weights_and_the_cache_at_half_of_the_answer() -> None:
    cache = 2 * 2 * 3 * 5 * (100 + 10) * 4
    assert step_bytes(1000, _SHAPE, 100, 20, 4) == 1000 + cache


def test_reading_alone_allows_bandwidth_over_bytes() -> None:
    assert bound_share(tokens_per_s=5, bytes_per_step=2e9, bytes_per_s=20e9) == pytest.approx(0.5)


def test_each_round_is_held_against_the_bandwidth_while_it_decoded() -> None:
    # As many steps at 60 as at 30 GB/s take as long as all at 40.
    engine = replace(_result("ours", False, 10.0, 10.0), bandwidths=((60e9, 30e9), (20e9,)))
    share = _run(engine).bound_share(engine)
    read = step_bytes(2 * 10**9, _SHAPE, 100, 20, 2)
    assert share is not None
    assert (share.least, share.most) == pytest.approx((10 * read / 40e9, 10 * read / 20e9))


def test_ratios_are_taken_round_by_round_against_the_best_peer() -> None:
    ours, slow, fast = (_result("ours", False, 12, 3), _result("slow", True, 2, 2), _result("fast", True, 6, 2))
    run = _run(ours, slow, fast)
    decode = run.against_best_peer(ours, "decode_tokens_per_s", most=True)
    first = run.against_best_peer(ours, "first_token_s", most=False)
    assert decode is not None
    assert first is not None
    assert (decode.least, decode.median, decode.most) == (1.5, 1.75, 2.0)
    assert (first.least, first.most) == pytest.approx((1 / 2, 2 / 3))


def test_a_failed_round_leaves_the_others_in_their_pairs() -> None:
    ours = replace(_result("ours", False, 12, 3), rounds=(None, _result("ours", False, 3).rounds[0]))
    peer = _result("peer", True, 6, 2)
    decode = _run(ours, peer).against_best_peer(ours, "decode_tokens_per_s", most=True)
    assert decode is not None
    assert (decode.least, decode.most) == (1.5, 1.5)


def test_the_table_says_median_and_spread_and_why_a_row_is_missing() -> None:
    missing = EngineResult("missing", "2.0", True, 0, (None, None), ((), ()), cannot="not prepared")
    text = render(_run(_result("ours", False, 12, 6), _result("peer", True, 6, 6), missing))
    ours = next(line for line in text.splitlines() if line.startswith("| ours"))
    assert "9.00 (6.00..12.00)" in ours
    assert "1.50 (1.00..2.00)" in ours
    assert "| missing (2.0) | cannot: not prepared |" in text
    assert "8 times while decoding: 35.0 GB/s (30.0..40.0)" in text
    assert "not measured" in render(_run(missing))
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|") and "cannot" in line}
    assert widths <= {line.count("|") for line in text.splitlines() if line.startswith("| ours")}


def test_without_peers_there_are_no_ratios() -> None:
    run = _run(_result("ours", False, 12, 6))
    assert as_json(run)["engines"][0]["decode_against_best_peer"] is None
    assert json.loads(json.dumps(as_json(run)))["bandwidths_bytes_per_s"] == [30e9, 40e9, 30e9, 40e9]


def test_an_engine_that_is_not_prepared_says_so(tmp_path: Path) -> None:
    layout = Layout(tmp_path, embedded_model_path())
    peer = next(engine for engine in ENGINES if engine.environment == LLAMA_CPP)
    job = measure.Job("", "", "image.npy", "?", 2, 1, 512, True, 0.0)
    outcome = measure._ask(layout, peer, job, tmp_path, ReadBandwidth(1, part_bytes=4096))
    assert outcome == measure.Outcome(cannot="not prepared")


_STOPPING = """
from peers.job import Pauses
import sys, time
pauses, began = Pauses(2), time.perf_counter()
for _ in range(5):
    pauses.before_step()
print(pauses.seconds, time.perf_counter() - began, file=sys.stderr)
sys.exit(3)
"""


def test_a_process_pauses_every_few_steps_and_knows_how_long() -> None:
    waited: list[float] = []

    def wait() -> None:
        waited.append(0.2)
        time.sleep(0.2)

    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = run_with_pauses([sys.executable, "-c", _STOPPING], environment, wait, timeout_s=60)
    paused, whole = (float(word) for word in done.stderr.split())
    assert done.returncode == 3
    assert len(waited) == 3
    assert sum(waited) <= paused <= whole


def test_a_process_that_takes_too_long_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_with_pauses([sys.executable, "-c", "import time; time.sleep(60)"], os.environ, pytest.fail, timeout_s=0.2)


def test_reasons_do_not_say_where_files_lie(tmp_path: Path) -> None:
    failed = subprocess.CompletedProcess([], 1, "", f"Traceback\nRuntimeError: cannot read {tmp_path}/model.gguf\n")
    assert measure._reason(failed, tmp_path) == "RuntimeError: cannot read the model/model.gguf"


def test_another_tokenizer_is_another_checkpoint(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    before = checkpoint_key(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"a": 1}', encoding="utf-8")
    assert checkpoint_key(tmp_path) != before
