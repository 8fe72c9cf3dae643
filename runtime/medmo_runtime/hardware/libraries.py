"""Which libraries are installed and what they were built for, without importing the slow ones."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.plugins import register_plugins
from medmo_runtime.hardware.facts import Libraries, OnnxDevice, OnnxPlugin

_PACKAGES = ("torch", "gptqmodel", "bitsandbytes", "accelerate", "openvino", "onnx")
_ONNX_DISTRIBUTIONS = (
    "onnxruntime-gpu",
    "onnxruntime",
    "onnxruntime-directml",
    "onnxruntime-openvino",
    "onnxruntime-webgpu",
)


@dataclass(frozen=True)
class OnnxRuntimeView:
    """What ONNX Runtime says of itself; ``broken`` if it is installed and cannot be imported."""

    providers: tuple[str, ...] = ()
    devices: tuple[OnnxDevice, ...] = ()
    plugins: Mapping[str, OnnxPlugin] = field(default_factory=dict)
    broken: bool = False


def describe_libraries() -> Libraries:
    """Return what is installed, without importing any of it; never raises.

    torch takes seconds to import, so what it was built for is read from its file ``version.py``. Of ONNX Runtime only
    the provider that every build has is stated; `add_onnx_view` adds what the library says.
    """
    packages = {}
    for name in _PACKAGES:
        if (found := _version(name)) is not None and importlib.util.find_spec(name) is not None:
            packages[name] = found
    for distribution in _ONNX_DISTRIBUTIONS:
        if (found := _version(distribution)) is not None:
            packages["onnxruntime"] = found
    built = _torch_build() if "torch" in packages else {}
    return Libraries(
        packages=packages,
        torch_cuda=built.get("cuda"),
        torch_hip=built.get("hip"),
        torch_xpu=built.get("xpu"),
        onnx_providers=("CPUExecutionProvider",) if "onnxruntime" in packages else (),
        sources={
            "packages": "the installed distributions",
            "torch_cuda": "torch/version.py",
            "onnx_providers": "every build of ONNX Runtime has this one",
        },
    )


def ask_onnxruntime() -> OnnxRuntimeView:
    """Import ONNX Runtime and return what it lists; takes a quarter of a second, and more from a cold disk."""
    try:
        onnxruntime = import_onnxruntime()
        plugins = {
            provider: OnnxPlugin(package=one.package, problem=one.problem)
            for one in register_plugins()
            for provider in one.providers
        }
        return OnnxRuntimeView(tuple(onnxruntime.get_available_providers()), _onnx_devices(onnxruntime), plugins)
    except Exception:  # a broken installation may raise anything while it loads its libraries
        return OnnxRuntimeView(broken=True)


def add_onnx_view(libraries: Libraries, view: OnnxRuntimeView | None) -> Libraries:
    """Return the facts with ONNX Runtime's own; None, if it did not answer in time, leaves them as they are."""
    if view is None:
        return libraries
    if view.broken:
        packages = {name: found for name, found in libraries.packages.items() if name != "onnxruntime"}
        return replace(libraries, packages=packages, onnx_providers=())
    sources = {
        **libraries.sources,
        "onnx_providers": "onnxruntime.get_available_providers",
        "onnx_devices": "onnxruntime.get_ep_devices",
        "onnx_plugins": "onnxruntime.register_execution_provider_library",
    }
    return replace(
        libraries,
        onnx_providers=view.providers,
        onnx_devices=view.devices,
        onnx_plugins=view.plugins,
        sources=sources,
    )


def _onnx_devices(onnxruntime: ModuleType) -> tuple[OnnxDevice, ...]:
    """Return ONNX Runtime's own list of devices; empty before 1.23, which had none."""
    if not hasattr(onnxruntime, "get_ep_devices"):
        return ()
    return tuple(
        OnnxDevice(
            provider=one.ep_name,
            kind=str(one.device.type).rpartition(".")[2],
            vendor=one.device.vendor,
            vendor_id=int(one.device.vendor_id),
            name=dict(one.device.metadata).get("Description", ""),
        )
        for one in onnxruntime.get_ep_devices()
    )


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _torch_build() -> dict[str, str]:
    """Read the constants ``cuda``, ``hip`` and ``xpu`` of torch's ``version.py``."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return {}
    try:
        tree = ast.parse((Path(found.origin).parent / "version.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return {}
    built = {}
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                built[target.id] = value.value
    return built
