"""The processor: name, instruction sets, and the cores that this process may use."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from medmo_runtime.hardware.control_group import processor_limit
from medmo_runtime.hardware.facts import Processor

#: Our names, and the flags that stand for them in Linux's /proc/cpuinfo (arch/x86 and arm64 ``hwcap`` names).
_LINUX_FLAGS = {
    "AVX2": {"avx2"},
    "AVX512F": {"avx512f"},
    "AVX512-VNNI": {"avx512_vnni"},
    "AVX-VNNI": {"avx_vnni"},
    "AVX512-BF16": {"avx512_bf16"},
    "AMX": {"amx_bf16", "amx_int8"},
    "NEON": {"asimd"},
    "ARM-DOTPROD": {"asimddp"},
    "ARM-I8MM": {"i8mm"},
    "ARM-BF16": {"bf16"},
}
#: ``sysctl`` keys of Apple's processors.
_APPLE_KEYS = {
    "ARM-DOTPROD": "hw.optional.arm.FEAT_DotProd",
    "ARM-I8MM": "hw.optional.arm.FEAT_I8MM",
    "ARM-BF16": "hw.optional.arm.FEAT_BF16",
}
#: ``IsProcessorFeaturePresent`` numbers (winnt.h).
_WINDOWS_FEATURES = {"AVX2": 40, "AVX512F": 41, "NEON": 19, "ARM-DOTPROD": 43}


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, and the quota of its control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = processor_limit() if sys.platform == "linux" else None
    return cores if limit is None else min(cores, limit)


def multiplies_integers() -> bool:
    """Whether products of signed by unsigned 8-bit integers are added up in 32 bits by one instruction (VNNI).

    Without it ONNX Runtime's kernels add pairs of them in 16 bits, which overflow.
    """
    return not {"AVX512-VNNI", "AVX-VNNI"}.isdisjoint(instruction_sets()[0])


def describe_processor() -> Processor:
    """Return the facts; never raises."""
    sets, where = instruction_sets()
    name, name_source = _name()
    cores_source = "the process's affinity and its control group's quota" if sys.platform == "linux" else "the system"
    return Processor(
        name=name,
        cores=usable_cores(),
        instruction_sets=sets,
        sources={"name": name_source, "cores": cores_source, "instruction_sets": where},
    )


@lru_cache(maxsize=1)
def instruction_sets() -> tuple[tuple[str, ...], str]:
    """Return the instruction sets that matter here, and where that is written."""
    if sys.platform == "win32":
        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        found = tuple(name for name, number in _WINDOWS_FEATURES.items() if present(number))
        return found, "IsProcessorFeaturePresent"
    if sys.platform == "darwin":
        return _apple_sets(), "sysctl"
    flags = _linux_flags()
    return tuple(name for name, any_of in _LINUX_FLAGS.items() if any_of & flags), "/proc/cpuinfo"


def _linux_flags() -> frozenset[str]:
    for line in _cpuinfo():
        if line.startswith(("flags", "Features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _apple_sets() -> tuple[str, ...]:
    if platform.machine() != "arm64":
        return ("AVX2",) if "AVX2" in _sysctl("machdep.cpu.leaf7_features") else ()
    return ("NEON", *(name for name, key in _APPLE_KEYS.items() if _sysctl(key) == "1"))


def _sysctl(key: str) -> str:
    try:
        finished = subprocess.run(
            ["/usr/sbin/sysctl", "-n", key], capture_output=True, text=True, timeout=0.3, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout.strip()


def _name() -> tuple[str, str]:
    if sys.platform == "darwin" and (name := _sysctl("machdep.cpu.brand_string")):
        return name, "sysctl"
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.partition(":")[2].strip(), "/proc/cpuinfo"
    return platform.processor() or platform.machine(), "the Python module platform"
