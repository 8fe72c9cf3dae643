"""The onnx-openvino backend: OpenVINO's vision encoder in front of ONNX Runtime's decoder."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medmo_models.artifact import Artifact
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels
from medmo_models.networks.onnx.host import RunInterruptedError
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.openvino.plugin import CpuPlugin
from medmo_models.networks.openvino.vision import OpenVinoVision
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.backends.onnx_openvino import OnnxOpenVinoBackend
from medmo_runtime.hardware import probe_machine
from medmo_runtime.memory import Workload
from medmo_runtime.self_test import run_self_test
from medmo_runtime.session import Session
from support.checkpoints import SHAPES, prepare_prompt
from support.closeness import relative_noise
from support.damage import linked_without
from support.gptq_exports import source_checkpoint
from support.interrupting import interrupted_from_another_thread
from support.onnx_exports import four_bit_export

BACKEND = OnnxOpenVinoBackend()


def mixed_network(artifact: Path, *, exact: bool) -> OnnxNetwork:
    shape = OnnxNetwork(artifact, exact=exact).settings.shape
    vision = OpenVinoVision(CpuPlugin(exact=exact, threads=None), artifact, shape, eight_bits=not exact)
    return OnnxNetwork(artifact, exact=exact, vision=vision)


@pytest.mark.parametrize("shape", SHAPES)
def test_in_float32_the_logits_are_those_of_onnx_runtime_alone(shape: str) -> None:
    prompt = prepare_prompt(source_checkpoint(shape), ((256, 160), (131, 199)))
    expected = OnnxNetwork(four_bit_export(shape), exact=True).logits(prompt)
    np.testing.assert_allclose(mixed_network(four_bit_export(shape), exact=True).logits(prompt), expected, atol=1e-4)


def test_as_it_is_used_it_adds_a_little_noise() -> None:
    prompt = prepare_prompt(source_checkpoint("tied"), ((171, 243),))
    exact = OnnxNetwork(four_bit_export("tied"), exact=True).logits(prompt)
    used = mixed_network(four_bit_export("tied"), exact=False).logits(prompt)
    noise = relative_noise(used, exact)
    assert 1e-4 < noise < 0.05


def test_it_passes_its_self_test_and_answers(tiny_onnx: Artifact) -> None:
    made = run_self_test(tiny_onnx, BACKEND, "cpu", "int8")
    assert made.correct, made.reason
    image = image_from_pixels(make_phantom(31, 0).pixels)
    with Session.open([tiny_onnx], backend="onnx-openvino") as session:
        first = session.ask([image], LOCALIZE_PROMPT)
        again = session.ask([image], LOCALIZE_PROMPT)
    assert first.text
    assert again.text == first.text
    assert again.stats.cached_tokens == again.stats.prompt_tokens - 1


def test_it_needs_both_libraries() -> None:
    machine = probe_machine()
    found = BACKEND.availability(machine, "cpu")
    assert found.available
    assert found.reason.startswith("onnxruntime, and openvino ")
    for missing in ("onnxruntime", "openvino"):
        packages = {name: value for name, value in machine.libraries.packages.items() if name != missing}
        bare = replace(machine, libraries=replace(machine.libraries, packages=packages))
        refused = BACKEND.availability(bare, "cpu")
        assert not refused.available
        assert missing in refused.reason
    assert not BACKEND.availability(machine, "cuda:0").available


def test_float32_is_refused(tiny_onnx: Artifact) -> None:
    with pytest.raises(InputError, match="onnx and openvino do both"):
        BACKEND.load(tiny_onnx, "cpu", "float32")


def test_a_measure_lowers_the_prediction(tiny_onnx: Artifact) -> None:
    work = Workload(1280 * 1280)
    whole, less = (
        BACKEND.predict_memory(tiny_onnx, "cpu", "int8", work, frozenset(measures)).phases["answer"]
        for measures in ((), ("prompt-in-chunks",))
    )
    assert less < whole


def test_a_model_is_closed_while_its_decoder_is_loading(tiny_onnx: Artifact) -> None:
    before = threading.active_count()
    BACKEND.load(tiny_onnx, "cpu", "int8").close()
    assert threading.active_count() == before


def test_what_goes_wrong_while_loading_is_said_when_the_decoder_is_needed(tmp_path: Path) -> None:
    linked_without(four_bit_export("tied"), tmp_path, "decoder.onnx")
    (tmp_path / "decoder.onnx").write_bytes(b"no graph")
    network = mixed_network(tmp_path, exact=False)
    network.begin_loading_decoder()
    with pytest.raises(InputError, match="export the artifact again"):
        network.run(network.encode_token(5, 0), network.new_cache(8))


def test_encoding_is_interrupted_from_another_thread(tiny_onnx: Artifact) -> None:
    network = mixed_network(tiny_onnx.path, exact=False)
    network.load_vision()
    with interrupted_from_another_thread(network), pytest.raises(RunInterruptedError):
        network.encode_image(np.zeros((4096, 1536), dtype=np.float32), np.array([1, 64, 64]))
