"""Execution providers: one table for those that are built in and those that are plugged in, and what each lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medmo_runtime.backends.onnx import OnnxBackend
from medmo_runtime.backends.onnx.providers import PROVIDERS, provider_options
from medmo_runtime.hardware import Libraries, Machine, probe_machine
from medmo_runtime.hardware.facts import OnnxDevice, OnnxPlugin, read_machine
from medmo_runtime.measurements import measurement_key

WEBGPU = "WebGpuExecutionProvider"


def machine(*devices: OnnxDevice, plugin: OnnxPlugin | None = None, built_in: tuple[str, ...] = ()) -> Machine:
    return replace(
        probe_machine(),
        accelerators=(),
        libraries=Libraries(
            packages={"onnxruntime": "1.31.1"},
            onnx_providers=(*built_in, "CPUExecutionProvider"),
            onnx_devices=devices,
            onnx_plugins={} if plugin is None else {WEBGPU: plugin},
        ),
    )


def gpu() -> OnnxDevice:
    return OnnxDevice(provider=WEBGPU, kind="GPU", vendor="Intel", vendor_id=0x8086, name="Arc")


PLUGIN = OnnxPlugin(package="onnxruntime-ep-webgpu 0.4.0")
BACKEND = OnnxBackend()


def test_every_provider_of_the_design_is_in_the_table() -> None:
    assert {one.device for one in PROVIDERS} == {"cuda", "tensorrt-rtx", "dml", "openvino", "webgpu", "coreml", "cpu"}
    every = machine(built_in=tuple(one.name for one in PROVIDERS if one.device != "cpu"))
    assert len(BACKEND.devices(every)) == len(PROVIDERS)


@pytest.mark.parametrize("device", ["cuda", "tensorrt-rtx"])
def test_nvidias_providers_need_an_nvidia_gpu(device: str) -> None:
    built_in = tuple(one.name for one in PROVIDERS if one.device == device)
    found = BACKEND.availability(machine(built_in=built_in), device)
    assert not found.available
    assert "no NVIDIA GPU" in found.reason


def test_a_plugged_in_provider_with_a_device_is_available_and_not_yet_proven() -> None:
    here = machine(gpu(), plugin=PLUGIN)
    assert "webgpu" in BACKEND.devices(here)
    found = BACKEND.availability(here, "webgpu")
    assert found.available
    assert not found.proven
    assert found.reason == "onnxruntime-ep-webgpu 0.4.0 with WebGpuExecutionProvider"
    assert not BACKEND.availability(here, "webgpu:1").available


def test_a_plugged_in_provider_says_why_it_cannot_run() -> None:
    nothing = BACKEND.availability(machine(plugin=PLUGIN), "webgpu")
    assert not nothing.available
    assert nothing.reason == "onnxruntime-ep-webgpu 0.4.0 is installed and lists no device of this machine"
    refused = OnnxPlugin(package="onnxruntime-ep-webgpu 0.4.0", problem="it needs ONNX Runtime 1.40")
    assert "it needs ONNX Runtime 1.40" in BACKEND.availability(machine(plugin=refused), "webgpu").reason
    assert "has no WebGpuExecutionProvider" in BACKEND.availability(machine(), "webgpu").reason


def test_plugins_survive_json_and_decide_a_measurement() -> None:
    here, other = machine(gpu(), plugin=PLUGIN), machine(gpu(), plugin=replace(PLUGIN, package="webgpu 0.5"))
    assert read_machine(here.to_json()) == here
    keys = {measurement_key(one, "id", "onnx", "webgpu", "int8") for one in (here, other)}
    assert len(keys) == 2


def test_the_number_of_a_device_is_handed_on() -> None:
    assert provider_options("cuda:1")[0] == ("CUDAExecutionProvider", {"device_id": 1})
    assert provider_options("cpu")[0] == ("CPUExecutionProvider", {})
