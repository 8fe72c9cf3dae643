"""Execution providers of ONNX Runtime as devices: which are built in or plugged in, and how to ask for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medmo_models.networks.onnx.cache import Placement
from medmo_models.networks.onnx.sessions import Provider
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
    numbered : bool
        Whether it takes the number of a device.
    holds_cache : bool
        Whether the KV cache lives in the provider's own memory.
    refused : str or None
        Why it is not used although ONNX Runtime has it.
    proven : bool
        Whether our tests have run on it; others need a self-test on the machine before they are chosen.
    leaves_attention : bool
        Whether it can be told to leave attention to the CPU, where its own is wrong.
    sixteen_bit_attention : bool
        Whether its attention kernel takes 16-bit activations only.
    """

    device: str
    name: str
    missing: Callable[[Machine], str | None] = _nothing_missing
    numbered: bool = False
    holds_cache: bool = False
    refused: str | None = None
    proven: bool = False
    leaves_attention: bool = False
    sixteen_bit_attention: bool = False


_NO_KERNELS = "it has no kernels for 4-bit products and grouped attention: the CPU would do all the work in pieces"
#: In order of preference.
PROVIDERS: tuple[ExecutionProvider, ...] = (
    ExecutionProvider("tensorrt-rtx", "NvTensorRTRTXExecutionProvider", _nvidia_gpu, numbered=True),
    ExecutionProvider(
        "cuda", "CUDAExecutionProvider", _nvidia_gpu, numbered=True, holds_cache=True, sixteen_bit_attention=True
    ),
    ExecutionProvider("dml", "DmlExecutionProvider", numbered=True),
    ExecutionProvider("webgpu", "WebGpuExecutionProvider", leaves_attention=True),
    ExecutionProvider("coreml", "CoreMLExecutionProvider", refused=_NO_KERNELS),
    ExecutionProvider("openvino", "OpenVINOExecutionProvider"),
    ExecutionProvider("cpu", "CPUExecutionProvider", proven=True),
)


def find_provider(device: str) -> ExecutionProvider | None:
    """Return the provider of a device such as ``cpu`` or ``cuda:0``."""
    kind = device.partition(":")[0]
    return next((provider for provider in PROVIDERS if provider.device == kind), None)


def provider_devices(machine: Machine) -> tuple[str, ...]:
    """Return the devices of the providers that ONNX Runtime has built in or plugged in, best first."""
    libraries = machine.libraries
    return tuple(
        one.device for one in PROVIDERS if one.name in libraries.onnx_providers or one.name in libraries.onnx_plugins
    )


def provider_availability(machine: Machine, device: str) -> Availability:
    """Say whether ``device`` can run a graph on a machine; never raises."""
    provider = find_provider(device)
    if provider is None:
        return Availability(False, f"ONNX Runtime has no device {device}")
    if machine.libraries.missing("onnxruntime"):
        return Availability(False, "onnxruntime is not installed")
    source, problem = "onnxruntime", None
    if provider.name not in machine.libraries.onnx_providers:
        plugin = machine.libraries.onnx_plugins.get(provider.name)
        if plugin is None:
            return Availability(False, f"the installed onnxruntime has no {provider.name}")
        source = plugin.package
        problem = _plugin_problem(machine, provider, number=int(device.partition(":")[2] or 0))
    if problem := problem or provider.missing(machine) or provider.refused:
        return Availability(False, problem)
    return Availability(True, f"{source} with {provider.name}", proven=provider.proven)


def _plugin_problem(machine: Machine, provider: ExecutionProvider, number: int) -> str | None:
    plugin = machine.libraries.onnx_plugins[provider.name]
    if plugin.problem is not None:
        return f"{plugin.package} is installed, but ONNX Runtime does not take it: {plugin.problem}"
    listed = [one for one in machine.libraries.onnx_devices if one.provider == provider.name]
    if not listed:
        return f"{plugin.package} is installed and lists no device of this machine"
    return None if number < len(listed) else f"{plugin.package} lists {len(listed)} devices, numbered from 0"


def provider_options(device: str) -> tuple[Provider, Placement]:
    """Return how to ask ONNX Runtime for ``device``, and where its KV cache lives."""
    provider = find_provider(device)
    if provider is None:
        raise ValueError(f"no device {device}")
    number = int(device.partition(":")[2] or 0)
    options: dict[str, Any] = {"device_id": number} if provider.numbered or number else {}
    placement = Placement(provider.device, number) if provider.holds_cache else Placement()
    return (provider.name, options), placement
