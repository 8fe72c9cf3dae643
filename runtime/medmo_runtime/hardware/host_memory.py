"""Host memory: what there is, what is free under the limits of control groups, and what this process took."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from medmo_runtime.hardware.control_group import memory_left_bytes
from medmo_runtime.hardware.facts import HostMemory


def describe_memory() -> HostMemory:
    """Return the facts; never raises."""
    system = psutil.virtual_memory()
    limited = memory_left_bytes() if sys.platform == "linux" else None
    if limited is None:
        source = {"total_bytes": "the system", "free_bytes": "the system (available memory)"}
        return HostMemory(total_bytes=int(system.total), free_bytes=int(system.available), sources=source)
    limit, left = limited
    return HostMemory(
        total_bytes=int(system.total),
        free_bytes=min(int(system.available), left),
        limit_bytes=limit,
        sources={
            "total_bytes": "the system",
            "free_bytes": "the system or the control group's limit, the smaller",
            "limit_bytes": "the control group",
        },
    )


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
