"""Execution providers of ONNX Runtime as devices: which are built in or plugged in, and how to ask for one."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medmo_models.networks.onnx.cache import Placement
from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.network import Provider
from medmo_runtime.backends.base import Availability


def _nvidia_driver() -> str | None:
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(library)
    except OSError:
        return f"no NVIDIA driver here ({library} cannot be loaded)"
    return None


def _nothing_missing() -> str | None:
    return None


@dataclass(frozen=True)
class ExecutionProvider:
    """One provider.

    Attributes
    ----------
    device : str
        The name that ``--device`` takes, without a number.
    name : str
        ONNX Runtime's name.
    missing : callable
        Returns in words what this machine lacks for it, None if nothing.
    holds_cache : bool
        Whether the KV cache lives in the provider's own memory.
    refused : str or None
        Why it is not used although ONNX Runtime has it.
    """

    device: str
    name: str
    missing: Callable[[], str | None] = _nothing_missing
    holds_cache: bool = False
    refused: str | None = None


_FLOAT_ATTENTION = (
    "its attention kernel takes 16-bit activations only, and the graphs have 32-bit ones; use gptq or bnb"
)
#: In order of preference.
PROVIDERS: tuple[ExecutionProvider, ...] = (
    ExecutionProvider("cuda", "CUDAExecutionProvider", _nvidia_driver, True, _FLOAT_ATTENTION),
    ExecutionProvider("dml", "DmlExecutionProvider"),
    ExecutionProvider("webgpu", "WebGpuExecutionProvider"),
    ExecutionProvider("coreml", "CoreMLExecutionProvider"),
    ExecutionProvider("openvino", "OpenVINOExecutionProvider"),
    ExecutionProvider("cpu", "CPUExecutionProvider"),
)


def available_names() -> tuple[str, ...]:
    """Return the providers of the installed ONNX Runtime, none if it is not installed."""
    try:
        return tuple(import_onnxruntime().get_available_providers())
    except ImportError:
        return ()


def find_provider(device: str) -> ExecutionProvider | None:
    """Return the provider of a device such as ``cpu`` or ``cuda:0``."""
    kind = device.partition(":")[0]
    return next((provider for provider in PROVIDERS if provider.device == kind), None)


def provider_availability(device: str) -> Availability:
    """Say whether ``device`` can run a graph here; never raises."""
    provider = find_provider(device)
    if provider is None:
        return Availability(False, f"ONNX Runtime has no device {device}")
    names = available_names()
    if not names:
        return Availability(False, "onnxruntime is not installed")
    if provider.name not in names:
        return Availability(False, f"the installed onnxruntime has no {provider.name}")
    if problem := provider.missing() or provider.refused:
        return Availability(False, problem)
    return Availability(True, f"onnxruntime with {provider.name}")


def provider_options(device: str) -> tuple[Provider, Placement]:
    """Return how to ask ONNX Runtime for ``device``, and where its KV cache lives."""
    provider = find_provider(device)
    if provider is None:
        raise ValueError(f"no device {device}")
    number = int(device.partition(":")[2] or 0)
    options: dict[str, Any] = {"device_id": number} if provider.device in ("cuda", "dml") else {}
    placement = Placement(provider.device, number) if provider.holds_cache else Placement()
    return (provider.name, options), placement
