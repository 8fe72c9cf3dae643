"""Sessions run on the provider that was asked for, or say why they do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from medmo_models.errors import CannotRunError, InputError
from medmo_models.networks.onnx import plugins, sessions
from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.sessions import open_session, preload_cuda_libraries


class FakeRuntime:
    """An ONNX Runtime that notes what it is asked for, in order; ``given`` is what its sessions run on."""

    def __init__(self, given: tuple[str, ...], devices: tuple[Any, ...] = ()) -> None:
        self.calls: list[str] = []
        self._given, self._devices = given, devices

    def preload_dlls(self) -> None:
        print("Failed to load libcublas.so")  # noqa: T201
        self.calls.append("preload_dlls")

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def get_ep_devices(self) -> tuple[Any, ...]:
        return self._devices

    def InferenceSession(self, _path: Path, options: Any, **arguments: Any) -> Any:  # noqa: N802
        asked = arguments["providers"][0][0] if "providers" in arguments else options.device.name
        assert arguments["enable_fallback"] == 0
        self.calls.append(f"session on {asked}")
        return SimpleNamespace(get_providers=lambda: list(self._given))


class FakeOptions:
    def __init__(self) -> None:
        self.device: Any = None
        self.settings: dict[str, str] = {}

    def add_provider_for_devices(self, devices: list[Any], settings: dict[str, str]) -> None:
        (self.device,), self.settings = devices, settings


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "graph.onnx"
    path.write_bytes(b"no graph")
    preload_cuda_libraries.cache_clear()
    yield path
    preload_cuda_libraries.cache_clear()


def use(runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sessions, plugins):
        monkeypatch.setattr(module, "import_onnxruntime", lambda: runtime)


def test_cuda_libraries_are_loaded_once_before_the_first_cuda_session(
    graph: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = FakeRuntime(("CUDAExecutionProvider", "CPUExecutionProvider"))
    use(runtime, monkeypatch)
    for name in ("CPUExecutionProvider", "CUDAExecutionProvider", "CUDAExecutionProvider"):
        open_session(graph, FakeOptions(), (name, {}))
    assert runtime.calls == [
        "session on CPUExecutionProvider",
        "preload_dlls",
        "session on CUDAExecutionProvider",
        "session on CUDAExecutionProvider",
    ]
    assert capsys.readouterr().out == ""


def test_a_provider_that_was_left_out_is_no_session(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeRuntime(("CPUExecutionProvider",)), monkeypatch)
    with pytest.raises(CannotRunError, match="CUDAExecutionProvider: it could not load"):
        open_session(graph, FakeOptions(), ("CUDAExecutionProvider", {}))


def test_a_plugged_in_provider_gets_the_device_that_was_asked_for(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tuple(
        SimpleNamespace(
            ep_name="NewExecutionProvider", name=name, device=SimpleNamespace(type=f"OrtHardwareDeviceType.{kind}")
        )
        for name, kind in (("processor", "CPU"), ("first", "GPU"), ("second", "GPU"))
    )
    runtime = FakeRuntime(("NewExecutionProvider", "CPUExecutionProvider"), listed)
    use(runtime, monkeypatch)
    plugin = plugins.Plugin("onnxruntime-ep-new 1.0", ("NewExecutionProvider",))
    monkeypatch.setattr(plugins, "register_plugins", lambda: (plugin,))
    options = FakeOptions()
    open_session(graph, options, ("NewExecutionProvider", {"device_id": 1, "cache": 2}))
    assert runtime.calls == ["session on second"]
    assert options.settings == {"cache": "2"}
    with pytest.raises(CannotRunError, match="no device 3"):
        open_session(graph, FakeOptions(), ("NewExecutionProvider", {"device_id": 3}))


def test_the_installed_runtime_falls_back_to_nothing(graph: Path) -> None:
    options = import_onnxruntime().SessionOptions()
    options.log_severity_level = 4
    with pytest.raises(InputError, match="damaged"):
        open_session(graph, options, sessions.CPU_PROVIDER)
    with pytest.raises(InputError, match="missing"):
        open_session(graph.with_name("none.onnx"), options, sessions.CPU_PROVIDER)
