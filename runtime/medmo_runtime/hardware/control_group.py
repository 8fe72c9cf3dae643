"""Limits that Linux control groups put on this process: memory and processor time, versions 1 and 2."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

#: Version 1 writes this or more for "no limit" (cgroup-v1/memory.rst: PAGE_COUNTER_MAX).
_UNLIMITED = 1 << 60


def memory_left_bytes() -> tuple[int, int] | None:
    """Return limit and bytes left of the tightest group around this process, None without a limit.

    What a group uses counts cached files too, a model just read among them; the kernel drops the inactive ones on
    demand, so they count as left.
    """
    found = []
    for folder, version in _folders("memory"):
        limit_name, used_name = (
            ("memory.max", "memory.current")
            if version == 2
            else (
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
            )
        )
        limit, used = _number(folder / limit_name), _number(folder / used_name)
        if limit is None or used is None or limit >= _UNLIMITED:
            continue
        cached = _statistic(folder / "memory.stat", "inactive_file" if version == 2 else "total_inactive_file")
        found.append((limit, max(0, limit - used + cached)))
    return min(found, key=lambda pair: pair[1]) if found else None


def processor_limit() -> int | None:
    """Return the cores that the tightest quota allows, rounded up; None without a quota."""
    found = []
    for folder, version in _folders("cpu"):
        if version == 2:
            quota, _, period = _text(folder / "cpu.max").partition(" ")
        else:
            quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):
            found.append(max(1, math.ceil(int(quota) / int(period))))
    return min(found, default=None)


def _folders(controller: str) -> Iterator[tuple[Path, int]]:
    """Yield the folders of this process's groups and all above them, with the version.

    Inside a container the group's own path is often not visible; its mount point then is the group.
    """
    for line in _text(Path("/proc/self/cgroup")).splitlines() or ["0::/"]:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            root, version = Path("/sys/fs/cgroup"), 2
        elif controller in controllers.split(","):
            root, version = Path("/sys/fs/cgroup") / controllers, 1
            root = root if root.is_dir() else Path("/sys/fs/cgroup") / controller
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            yield root.joinpath(*parts[:depth]), version


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0
