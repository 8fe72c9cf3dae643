"""The openvino backend as a backend: it says why it cannot, predicts memory, stops and reports nothing to anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medmo_models.artifact import Artifact
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels
from medmo_models.networks.onnx.host import RunInterruptedError
from medmo_models.networks.openvino.network import OpenVinoNetwork
from medmo_models.networks.openvino.stored_graph import StoredGraph
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.backends.openvino import OpenVinoBackend
from medmo_runtime.generation import StopSignal
from medmo_runtime.hardware import probe_machine
from medmo_runtime.memory import Measure, Workload
from medmo_runtime.self_test import run_self_test
from medmo_runtime.session import Session
from support.interrupting import interrupted_from_another_thread

BACKEND = OpenVinoBackend()


def test_without_the_package_it_says_how_to_install_it() -> None:
    machine = probe_machine()
    assert BACKEND.availability(machine, "cpu").available
    packages = {name: found for name, found in machine.libraries.packages.items() if name != "openvino"}
    bare = replace(machine, libraries=replace(machine.libraries, packages=packages))
    refused = BACKEND.availability(bare, "cpu")
    assert not refused.available
    assert refused.reason == "not installed: openvino (install medmo-edge[openvino])"
    assert not BACKEND.availability(machine, "cuda:0").available


def test_other_processors_are_tested_first() -> None:
    machine = probe_machine()
    assert BACKEND.availability(replace(machine, architecture="x86_64"), "cpu").proven
    assert not BACKEND.availability(replace(machine, architecture="arm64"), "cpu").proven


def test_it_passes_its_self_test(tiny_onnx: Artifact) -> None:
    made = run_self_test(tiny_onnx, BACKEND, "cpu", "int8")
    assert made.correct, made.reason


def test_an_unknown_dtype_is_refused(tiny_onnx: Artifact) -> None:
    with pytest.raises(InputError, match="float16"):
        BACKEND.load(tiny_onnx, "cpu", "float16")


def test_measures_lower_the_prediction(tiny_onnx: Artifact) -> None:
    work = Workload(1280 * 1280)

    def predicted(dtype: str, *measures: Measure) -> int:
        return BACKEND.predict_memory(tiny_onnx, "cpu", dtype, work, frozenset(measures)).total

    assert predicted("float32", "vision-as-stored") < predicted("float32")
    assert predicted("int8", "8-bit-cache") <= predicted("int8")
    parts = [
        BACKEND.predict_memory(tiny_onnx, "cpu", "int8", work, frozenset(measures)).kv_cache
        for measures in ((), ("8-bit-cache",))
    ]
    assert parts[1] < parts[0]


def test_a_stopped_run_leaves_a_state_that_goes_on_right(tiny_onnx: Artifact) -> None:
    network = OpenVinoNetwork(tiny_onnx.path, exact=True)
    ids = np.arange(5, 45)
    prompt = network.encode_token(5, 0)
    cache = network.new_cache(0)
    for place, token in enumerate(ids):
        prompt = network.encode_token(int(token), place)
        expected = network.run(prompt, cache)
    cache.length = len(ids) - 1
    cache.interrupted = True
    np.testing.assert_allclose(network.run(prompt, cache), expected, atol=1e-4)
    assert cache.places == len(ids)


def test_a_run_is_interrupted_from_another_thread(tiny_onnx: Artifact) -> None:
    network = OpenVinoNetwork(tiny_onnx.path)
    pixels = np.zeros((4096, 1536), dtype=np.float32)
    network.load_vision()
    with interrupted_from_another_thread(network), pytest.raises(RunInterruptedError):
        network.encode_image(pixels, np.array([1, 64, 64]))


def test_a_stopped_answer_is_cancelled_and_the_next_is_right(tiny_onnx: Artifact) -> None:
    image = image_from_pixels(make_phantom(31, 0).pixels)
    # In float32: a prompt that is continued is rounded to int8 in other pieces than a whole one.
    with Session.open([tiny_onnx], backend="openvino", dtype="float32") as session:
        whole = session.ask([image], LOCALIZE_PROMPT)
        stop = StopSignal()
        stop.set()
        assert session.ask([image], LOCALIZE_PROMPT, stop=stop).stats.finish_reason == "cancelled"
        assert session.ask([image], LOCALIZE_PROMPT).text == whole.text


def test_a_run_waits_for_the_weights_and_can_be_interrupted_meanwhile(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    drop_pages = StoredGraph.drop_pages

    def drop(graph: StoredGraph) -> None:
        held.wait(60)
        drop_pages(graph)

    network = OpenVinoNetwork(tiny_onnx.path, exact=True)
    token = network.encode_token(5, 0)
    expected = network.run(token, network.new_cache(0))
    network.release_decoder()
    monkeypatch.setattr(StoredGraph, "drop_pages", drop)
    network.load_decoder()
    interrupting = threading.Timer(0.2, network.interrupt)
    interrupting.start()
    with pytest.raises(RunInterruptedError):
        network.run(token, network.new_cache(0))
    held.set()
    np.testing.assert_allclose(network.run(token, network.new_cache(0)), expected, atol=1e-6)


def test_a_model_is_closed_while_its_weights_are_arranged(tiny_onnx: Artifact) -> None:
    before = threading.active_count()
    BACKEND.load(tiny_onnx, "cpu", "int8").close()
    assert threading.active_count() == before


_LOAD = """
import sys
from pathlib import Path

from medmo_models.networks.openvino.network import OpenVinoNetwork

OpenVinoNetwork(Path(sys.argv[1])).load_decoder()
"""
_GPTQMODEL = """
from medmo_models.networks.gptqmodel_library import quiet_gptqmodel

with quiet_gptqmodel():
    pass
"""


def test_nothing_is_reported_and_nothing_is_written(tiny_onnx: Artifact, tmp_path: Path) -> None:
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    subprocess.run([sys.executable, "-c", _LOAD, str(tiny_onnx.path)], env={**os.environ, **places}, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_gptqmodel_which_imports_it_reports_nothing_either(tmp_path: Path) -> None:
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    subprocess.run([sys.executable, "-c", _GPTQMODEL], env={**os.environ, **places}, check=True)
    assert not (tmp_path / "intel").exists()
