"""What tests do to a worker's process from outside."""

from __future__ import annotations

import psutil


def limit_memory(pid: int, share: float = 1.0) -> None:
    """Leave the process no address space beyond a share of what it has; with less than 1 no allocation succeeds."""
    import resource

    used = int(share * psutil.Process(pid).memory_info().vms)
    resource.prlimit(pid, resource.RLIMIT_AS, (used, used))
