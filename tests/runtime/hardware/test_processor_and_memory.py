"""What the machine is: read from files in the formats that Linux writes, and from this machine itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from medmo_runtime.hardware import control_group, host_memory, processor

GIB = 2**30
X86 = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu vme sse2 avx2 avx512f {feature}
bugs\t\t: spectre_v1

processor\t: 1
"""
ARM = """\
processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd {feature}
CPU implementer\t: 0x41
"""
WriteFile = Callable[[str, str], None]


@pytest.fixture
def write_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteFile]:
    """Show the modules a file system that holds only what the test writes."""
    for module in (control_group, processor, host_memory):
        monkeypatch.setattr(module, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    processor.instruction_sets.cache_clear()

    def write(path: str, content: str) -> None:
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    yield write
    processor.instruction_sets.cache_clear()


@pytest.fixture
def host_memory_of_10_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SimpleNamespace(total=16 * GIB, available=10 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


@pytest.mark.parametrize(
    ("text", "flags", "expected", "bfloat16"),
    [
        (X86, "avx512_bf16 avx512_vnni", {"AVX2", "AVX512F", "AVX512-BF16", "AVX512-VNNI"}, True),
        (X86, "amx_int8 amx_bf16", {"AVX2", "AVX512F", "AMX"}, True),
        (X86, "avx_vnni", {"AVX2", "AVX512F", "AVX-VNNI"}, False),
        (ARM, "asimd asimddp bf16 i8mm", {"NEON", "ARM-DOTPROD", "ARM-BF16", "ARM-I8MM"}, True),
        (ARM, "asimd", {"NEON"}, False),
    ],
)
def test_instruction_sets_are_read_from_the_processors_flags(
    write_file: WriteFile, text: str, flags: str, expected: set[str], bfloat16: bool
) -> None:
    write_file("/proc/cpuinfo", text.format(feature=flags))
    facts = processor.describe_processor()
    assert set(facts.instruction_sets) == expected
    assert facts.bfloat16 == bfloat16
    assert facts.sources["instruction_sets"] == "/proc/cpuinfo"


def test_without_cpuinfo_nothing_is_claimed(write_file: WriteFile) -> None:
    facts = processor.describe_processor()
    assert facts.instruction_sets == ()
    assert not facts.bfloat16
    assert facts.name


def test_the_processor_is_named(write_file: WriteFile) -> None:
    write_file("/proc/cpuinfo", X86.format(feature="f16c"))
    assert processor.describe_processor().name == "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"


def group_files(version: int, path: str, limit: str, used: int, cache: int) -> dict[str, str]:
    """The files of one control group."""
    if version == 2:
        return {
            "/proc/self/cgroup": f"0::{path}\n",
            f"/sys/fs/cgroup{path}/memory.max": f"{limit}\n",
            f"/sys/fs/cgroup{path}/memory.current": f"{used}\n",
            f"/sys/fs/cgroup{path}/memory.stat": f"anon {used - cache}\ninactive_file {cache}\n",
        }
    return {
        "/proc/self/cgroup": f"9:cpu,cpuacct:/\n4:memory:{path}\n0::/\n",
        f"/sys/fs/cgroup/memory{path}/memory.limit_in_bytes": f"{limit}\n",
        f"/sys/fs/cgroup/memory{path}/memory.usage_in_bytes": f"{used}\n",
        f"/sys/fs/cgroup/memory{path}/memory.stat": f"cache {cache}\ntotal_inactive_file {cache}\n",
    }


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("path", ["", "/machine.slice/session"])
@pytest.mark.parametrize(
    ("limit", "used", "cache", "expected"),
    [
        pytest.param(4 * GIB, 1 * GIB, 0, 3 * GIB, id="limit below the host's memory"),
        pytest.param(40 * GIB, 1 * GIB, 0, 10 * GIB, id="limit above the host's memory"),
        pytest.param(4 * GIB, 5 * GIB, 0, 0, id="over the limit"),
        pytest.param(4 * GIB, 4 * GIB, 3 * GIB, 3 * GIB, id="files in the page cache give way"),
    ],
)
@pytest.mark.usefixtures("host_memory_of_10_gib")
def test_free_memory_respects_the_control_group(
    write_file: WriteFile, version: int, path: str, limit: int, used: int, cache: int, expected: int
) -> None:
    for name, content in group_files(version, path, str(limit), used, cache).items():
        write_file(name, content)
    facts = host_memory.describe_memory()
    assert facts.free_bytes == expected
    assert facts.limit_bytes == limit
    assert "control group" in facts.sources["free_bytes"]


@pytest.mark.parametrize(("version", "limit"), [(2, "max"), (1, "9223372036854771712"), (2, "what")])
@pytest.mark.usefixtures("host_memory_of_10_gib")
def test_no_limit_and_an_unreadable_one_leave_the_hosts_memory(write_file: WriteFile, version: int, limit: str) -> None:
    assert host_memory.describe_memory().free_bytes == 10 * GIB
    for name, content in group_files(version, "", limit, 3 * GIB, 0).items():
        write_file(name, content)
    assert host_memory.describe_memory().free_bytes == 10 * GIB
    assert host_memory.describe_memory().limit_bytes is None


@pytest.mark.usefixtures("host_memory_of_10_gib")
def test_the_tightest_group_around_the_process_counts(write_file: WriteFile) -> None:
    for path, limit in (("/outer", 2 * GIB), ("/outer/inner", 8 * GIB)):
        for name, content in group_files(2, path, str(limit), 0, 0).items():
            write_file(name, content)
    write_file("/proc/self/cgroup", "0::/outer/inner\n")
    assert host_memory.describe_memory().free_bytes == 2 * GIB


def test_a_large_host_memory_is_described_truly() -> None:
    facts = host_memory.describe_memory()
    assert facts.total_bytes == psutil.virtual_memory().total
    assert 0 < facts.free_bytes <= facts.total_bytes


def test_only_the_cores_that_the_process_may_use_count(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert processor.usable_cores() == 3
    write_file("/proc/self/cgroup", "0::/\n")
    write_file("/sys/fs/cgroup/cpu.max", "150000 100000\n")
    assert processor.usable_cores() == 2  # one and a half
    write_file("/sys/fs/cgroup/cpu.max", "max 100000\n")
    assert processor.usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processor.usable_cores() == 1


def test_peak_memory_is_of_this_process_alone_and_follows_allocation() -> None:
    # A child of a large process: Linux hands the parent's peak down through getrusage.
    block = bytes([1]) * 150_000_000
    program = (
        "from medmo_runtime.hardware.host_memory import peak_process_memory_bytes as peak; before = peak();"
        "block = bytes([1]) * 60_000_000; print(before, peak())"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = (int(number) for number in finished.stdout.split())
    assert 5_000_000 < before < 100_000_000 < len(block)
    assert after - before == pytest.approx(60_000_000, rel=0.1)


def test_peak_memory_is_at_least_what_is_in_use() -> None:
    resident = psutil.Process().memory_info().rss
    assert 0.9 * resident <= host_memory.peak_process_memory_bytes() < psutil.virtual_memory().total
