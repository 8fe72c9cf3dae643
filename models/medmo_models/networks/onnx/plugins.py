"""Execution providers that are installed as packages of their own (``onnxruntime-ep-...``) and plugged in."""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from typing import Any

from medmo_models.networks.onnx.library import import_onnxruntime

_PREFIX = "onnxruntime-ep-"
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Plugin:
    """One package with an execution provider.

    Attributes
    ----------
    package : str
        Name and version, for example ``onnxruntime-ep-webgpu 0.4.0``.
    providers : tuple of str
        ONNX Runtime's names of what it brings.
    problem : str or None
        Why ONNX Runtime did not take it, None if it did.
    """

    package: str
    providers: tuple[str, ...]
    problem: str | None = None


def register_plugins() -> tuple[Plugin, ...]:
    """Register every installed package's providers with ONNX Runtime, once per process; never raises.

    The packages share a convention: the module of the package's name has ``get_library_path`` and ``get_ep_names``
    (https://onnxruntime.ai/docs/execution-providers/plugin-ep-libraries).
    """
    with _LOCK:
        return _register_all()


@cache
def _register_all() -> tuple[Plugin, ...]:
    found: dict[str, str] = {}
    for one in distributions():
        name = (one.name or "").lower().replace("_", "-")
        if name.startswith(_PREFIX):
            found.setdefault(name, one.version)
    return tuple(_register(name, version) for name, version in sorted(found.items()))


def _register(name: str, version: str) -> Plugin:
    providers: tuple[str, ...] = ()
    try:
        module = importlib.import_module(name.replace("-", "_"))
        providers = tuple(module.get_ep_names())
        import_onnxruntime().register_execution_provider_library(name, module.get_library_path())
    except Exception as error:  # another company's package may raise anything
        return Plugin(f"{name} {version}", providers, f"{error or type(error).__name__!s:.200}")
    return Plugin(f"{name} {version}", providers)


def plugged_in(provider: str) -> bool:
    """Whether a provider comes from a package of its own and not with ONNX Runtime itself."""
    if provider in import_onnxruntime().get_available_providers():
        return False
    return any(provider in plugin.providers for plugin in register_plugins())


def plugin_devices(provider: str) -> list[Any]:
    """Return the devices (``OrtEpDevice``) that ONNX Runtime lists for a plugged-in provider, GPUs first."""
    register_plugins()
    devices = [one for one in import_onnxruntime().get_ep_devices() if one.ep_name == provider]
    order = ("GPU", "NPU", "CPU")
    return sorted(devices, key=lambda one: order.index(str(one.device.type).rpartition(".")[2]))
