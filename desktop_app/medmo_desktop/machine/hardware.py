"""What this machine is, as plain rows: each fact with where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medmo_runtime.hardware import Accelerator, Machine
from medmo_runtime.memory import readable_bytes

_UNKNOWN_SOURCE = "not recorded"


@dataclass(frozen=True)
class MachineFact:
    """One fact: the part of the machine, what it is about, its value and its source, in words."""

    part: str
    name: str
    value: str
    source: str


def describe_machine(machine: Machine) -> tuple[MachineFact, ...]:
    """Return the facts of a probe in the order of a table."""
    return (
        MachineFact("System", "operating system", f"{machine.system} {machine.architecture}", "the Python runtime"),
        *_processor(machine),
        *_memory(machine),
        *(fact for gpu in machine.accelerators for fact in _accelerator(gpu)),
        *_libraries(machine),
        *(MachineFact("Not answered", "source", text, "the probe's time limit") for text in machine.unanswered),
    )


def _processor(machine: Machine) -> Iterator[MachineFact]:
    processor = machine.processor
    sets = ", ".join(processor.instruction_sets) or "none that matter here"
    yield MachineFact("Processor", "name", processor.name, _source(processor.sources, "name"))
    yield MachineFact("Processor", "usable cores", str(processor.cores), _source(processor.sources, "cores"))
    yield MachineFact("Processor", "instruction sets", sets, _source(processor.sources, "instruction_sets"))


def _memory(machine: Machine) -> Iterator[MachineFact]:
    memory = machine.memory
    names = {"total_bytes": "total", "free_bytes": "free", "limit_bytes": "control group limit"}
    for key, name in names.items():
        count = getattr(memory, key)
        if count is not None:
            yield MachineFact("Memory", name, readable_bytes(count), _source(memory.sources, key))


def _accelerator(gpu: Accelerator) -> Iterator[MachineFact]:
    def fact(key: str, name: str, value: str) -> MachineFact:
        return MachineFact(gpu.name, name, value, _source(gpu.sources, key))

    yield fact("name", "vendor", gpu.vendor)
    if gpu.shares_host_memory:
        yield fact("shares_host_memory", "memory", "shares the host's")
    for key, name in (("total_bytes", "total memory"), ("free_bytes", "free memory")):
        count = getattr(gpu, key)
        if count is not None:
            yield fact(key, name, readable_bytes(count))
    if gpu.compute_capability is not None:
        yield fact("compute_capability", "compute capability", ".".join(map(str, gpu.compute_capability)))
    if gpu.driver is not None:
        yield fact("driver", "driver", gpu.driver)
    if gpu.device is not None:
        yield fact("device", "torch calls it", gpu.device)
    if gpu.problem is not None:
        yield fact("problem", "problem", gpu.problem)


def _libraries(machine: Machine) -> Iterator[MachineFact]:
    libraries = machine.libraries
    for name, version in sorted(libraries.packages.items()):
        yield MachineFact("Libraries", name, version, _source(libraries.sources, "packages"))
    if libraries.onnx_providers:
        providers = ", ".join(libraries.onnx_providers)
        source = _source(libraries.sources, "onnx_providers")
        yield MachineFact("Libraries", "execution providers", providers, source)


def _source(sources: Mapping[str, str], name: str) -> str:
    # One source often gives all facts of a part, and then names only the first.
    return sources.get(name) or next(iter(sources.values()), _UNKNOWN_SOURCE)
