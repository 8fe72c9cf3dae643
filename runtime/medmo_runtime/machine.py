"""What this machine is: processor, memory, memory in use. Never raises; never takes long."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil


@lru_cache(maxsize=1)
def cpu_flags() -> frozenset[str]:
    """Return the processor's feature flags as Linux names them; empty on other systems."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware (AVX512-BF16, AMX or Arm's bf16)."""
    return bool(cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _control_group_limit() -> int | None:
    """Return what the control group (version 2) still allows, None without a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
        statistics = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
        # Use counts cached files too, a model just read among them; the kernel drops the inactive ones on demand.
        used -= int(statistics["inactive_file"])
        return None if limit == "max" else max(0, int(limit) - used)
    except (OSError, ValueError, KeyError):
        return None


def free_memory_bytes() -> int:
    """Return the bytes of host memory that a new allocation could take, control group limits included."""
    available = int(psutil.virtual_memory().available)
    limit = _control_group_limit()
    return available if limit is None else min(available, limit)


def peak_process_memory_bytes() -> int:
    """Return the highest resident memory of this process so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux":
        return _linux_peak_bytes()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def _linux_peak_bytes() -> int:
    """Return VmHWM of proc(5): getrusage's figure would be that of the parent process if it was larger."""
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return int(peak.split()[1]) * 1024 if peak is not None else int(psutil.Process().memory_info().rss)


@dataclass(frozen=True)
class Machine:
    """The facts about this machine that ``medmo doctor`` prints."""

    system: str
    processor: str
    cores: int
    bfloat16: bool
    memory_bytes: int
    free_memory_bytes: int
    accelerators: tuple[str, ...]


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def describe_machine(accelerators: tuple[str, ...] = ()) -> Machine:
    """Return the facts; ``accelerators`` are names found by the caller."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        processor=_processor_name(),
        cores=usable_cores(),
        bfloat16=cpu_has_bfloat16(),
        memory_bytes=int(psutil.virtual_memory().total),
        free_memory_bytes=free_memory_bytes(),
        accelerators=accelerators,
    )
