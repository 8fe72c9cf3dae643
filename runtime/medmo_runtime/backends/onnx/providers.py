"""Execution providers of ONNX Runtime as devices: which are built in or plugged in, and how to ask for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medmo_models.networks.onnx.cache import Placement
from medmo_models.networks.onnx.network import Provider
from medmo_runtime.backends.base import Availability
from medmo_runtime.hardware import Machine


def _nvidia_gpu(machine: Machine) -> str | None:
    if any(one.vendor == "nvidia" for one in machine.accelerators):
        return None
    return "no NVIDIA GPU here, or no driver for it"


def _nothing_missing(_machine: Machine) -> str | None:
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
        Returns in words what a machine lacks for it, None if nothing.
    holds_cache : bool
        Whether the KV cache lives in the provider's own memory.
    refused : str or None
        Why it is not used although ONNX Runtime has it.
    proven : bool
        Whether our tests have run on it; others need a self-test on the machine before they are chosen.
    """

    device: str
    name: str
    missing: Callable[[Machine], str | None] = _nothing_missing
    holds_cache: bool = False
    refused: str | None = None
    proven: bool = False


_FLOAT_ATTENTION = (
    "its attention kernel takes 16-bit activations only, and the graphs have 32-bit ones; use gptq or bnb"
)
_NO_KERNELS = "it has no kernels for 4-bit products and grouped attention: the CPU would do all the work in pieces"
#: In order of preference.
PROVIDERS: tuple[ExecutionProvider, ...] = (
    ExecutionProvider("cuda", "CUDAExecutionProvider", _nvidia_gpu, True, _FLOAT_ATTENTION),
    ExecutionProvider("dml", "DmlExecutionProvider"),
    ExecutionProvider("webgpu", "WebGpuExecutionProvider"),
    ExecutionProvider("coreml", "CoreMLExecutionProvider", refused=_NO_KERNELS),
    ExecutionProvider("openvino", "OpenVINOExecutionProvider"),
    ExecutionProvider("cpu", "CPUExecutionProvider", proven=True),
)


def find_provider(device: str) -> ExecutionProvider | None:
    """Return the provider of a device such as ``cpu`` or ``cuda:0``."""
    kind = device.partition(":")[0]
    return next((provider for provider in PROVIDERS if provider.device == kind), None)


def provider_availability(machine: Machine, device: str) -> Availability:
    """Say whether ``device`` can run a graph on a machine; never raises."""
    provider = find_provider(device)
    if provider is None:
        return Availability(False, f"ONNX Runtime has no device {device}")
    if machine.libraries.missing("onnxruntime"):
        return Availability(False, "onnxruntime is not installed")
    if provider.name not in machine.libraries.onnx_providers:
        return Availability(False, f"the installed onnxruntime has no {provider.name}")
    if problem := provider.missing(machine) or provider.refused:
        return Availability(False, problem)
    return Availability(True, f"onnxruntime with {provider.name}", proven=provider.proven)


def provider_options(device: str) -> tuple[Provider, Placement]:
    """Return how to ask ONNX Runtime for ``device``, and where its KV cache lives."""
    provider = find_provider(device)
    if provider is None:
        raise ValueError(f"no device {device}")
    number = int(device.partition(":")[2] or 0)
    options: dict[str, Any] = {"device_id": number} if provider.device in ("cuda", "dml") else {}
    placement = Placement(provider.device, number) if provider.holds_cache else Placement()
    return (provider.name, options), placement
