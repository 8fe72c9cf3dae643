"""The facts about a machine as plain data: recorded by the probe, or read from a description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Vendor = Literal["nvidia", "amd", "intel", "apple"]


@dataclass(frozen=True, kw_only=True)
class Processor:
    """The processor as this process may use it.

    Attributes
    ----------
    name : str
    cores : int
        Cores that the process may use: affinity and control group limits included.
    instruction_sets : tuple of str
        Those that matter here, for example ``AVX2``, ``AVX512-VNNI``, ``AVX512-BF16``, ``AMX``, ``NEON``.
    sources : mapping of str to str
        Where each fact comes from, by attribute.
    """

    name: str
    cores: int
    instruction_sets: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def bfloat16(self) -> bool:
        """Whether the processor multiplies bfloat16 in hardware."""
        return bool({"AVX512-BF16", "AMX", "ARM-BF16"} & set(self.instruction_sets))


@dataclass(frozen=True, kw_only=True)
class HostMemory:
    """Host memory in bytes; ``free_bytes`` is what a new allocation could take, control group limits included.

    ``total_bytes`` is 0 where nothing told.
    """

    total_bytes: int
    free_bytes: int
    limit_bytes: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """A GPU.

    Attributes
    ----------
    vendor : str
    name : str
    device : str or None
        torch's name for it, None if torch cannot use it here; ``problem`` then says why.
    total_bytes, free_bytes : int or None
        Its own memory; None where nothing tells, or where it shares the host's.
    compute_capability : tuple of int or None
        NVIDIA's, for example ``(8, 6)``.
    driver : str or None
    shares_host_memory : bool
    problem : str or None
    sources : mapping of str to str
        Where each fact comes from, by attribute.
    """

    vendor: Vendor
    name: str
    device: str | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    compute_capability: tuple[int, int] | None = None
    driver: str | None = None
    shares_host_memory: bool = False
    problem: str | None = None
    uuid: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class OnnxDevice:
    """A device that ONNX Runtime lists for one of its execution providers.

    Attributes
    ----------
    provider : str
        ONNX Runtime's name, for example ``CPUExecutionProvider``.
    kind : str
        ``CPU``, ``GPU`` or ``NPU``.
    vendor : str
        As ONNX Runtime writes it, for example ``Intel``.
    vendor_id : int
        The PCI vendor number.
    name : str
        The system's description; empty where ONNX Runtime gives none.
    """

    provider: str
    kind: str
    vendor: str
    vendor_id: int
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class OnnxPlugin:
    """A package that plugs an execution provider into ONNX Runtime.

    Attributes
    ----------
    package : str
        Name and version.
    problem : str or None
        Why ONNX Runtime did not take it.
    """

    package: str
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Libraries:
    """What is installed to compute with, by version; None where it is not.

    Attributes
    ----------
    packages : mapping of str to str
        Versions of torch, gptqmodel, bitsandbytes, accelerate, onnxruntime, openvino and onnx where they are installed.
    torch_cuda, torch_hip, torch_xpu : str or None
        What torch was built for.
    onnx_providers : tuple of str
        Execution providers of the installed ONNX Runtime.
    onnx_devices : tuple of OnnxDevice
        What it lists for them, plug-in providers included.
    onnx_plugins : mapping of str to OnnxPlugin
        The plugged-in execution providers, by ONNX Runtime's name.
    """

    packages: Mapping[str, str] = field(default_factory=dict)
    torch_cuda: str | None = None
    torch_hip: str | None = None
    torch_xpu: str | None = None
    onnx_providers: tuple[str, ...] = ()
    onnx_devices: tuple[OnnxDevice, ...] = ()
    onnx_plugins: Mapping[str, OnnxPlugin] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def missing(self, *names: str) -> list[str]:
        """Return those of ``names`` that are not installed."""
        return [name for name in names if name not in self.packages]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """All facts.

    Attributes
    ----------
    system : str
        ``Linux``, ``Windows`` or ``Darwin``.
    architecture : str
        For example ``x86_64`` or ``arm64``.
    unanswered : tuple of str
        Sources that failed or did not answer in time, with the reason.
    """

    system: str
    architecture: str
    processor: Processor
    memory: HostMemory
    accelerators: tuple[Accelerator, ...] = ()
    libraries: Libraries = field(default_factory=Libraries)
    unanswered: tuple[str, ...] = ()

    def accelerator(self, device: str) -> Accelerator | None:
        """Return the accelerator that torch calls ``device``."""
        return next((one for one in self.accelerators if one.device == device), None)

    def torch_devices(self) -> tuple[str, ...]:
        """Return torch's devices, accelerators first; empty without torch."""
        if self.libraries.missing("torch"):
            return ()
        return (*(one.device for one in self.accelerators if one.device is not None), "cpu")

    def free_bytes(self, device: str) -> int | None:
        """Return what is free where ``device`` allocates; None where nothing tells."""
        host = self.memory.free_bytes if self.memory.total_bytes else None
        if device == "cpu":
            return host
        found = self.accelerator(device)
        if found is None:
            return None
        return host if found.shares_host_memory else found.free_bytes

    def to_json(self) -> dict[str, Any]:
        """Return all facts as JSON-ready values."""
        return asdict(self)


def read_machine(values: Mapping[str, Any]) -> Machine:
    """Undo `Machine.to_json`, with absent facts at their defaults; used for described machines and by the worker."""

    def accelerator(facts: Mapping[str, Any]) -> Accelerator:
        capability = facts.get("compute_capability")
        return Accelerator(**{**facts, "compute_capability": None if capability is None else tuple(capability)})

    processor = dict(values["processor"])
    libraries = dict(values.get("libraries", {}))
    return Machine(
        system=values["system"],
        architecture=values["architecture"],
        processor=Processor(**{**processor, "instruction_sets": tuple(processor.get("instruction_sets", ()))}),
        memory=HostMemory(**values["memory"]),
        accelerators=tuple(accelerator(one) for one in values.get("accelerators", ())),
        libraries=Libraries(
            **{
                **libraries,
                "onnx_providers": tuple(libraries.get("onnx_providers", ())),
                "onnx_devices": tuple(OnnxDevice(**one) for one in libraries.get("onnx_devices", ())),
                "onnx_plugins": {name: OnnxPlugin(**one) for name, one in libraries.get("onnx_plugins", {}).items()},
            }
        ),
        unanswered=tuple(values.get("unanswered", ())),
    )
