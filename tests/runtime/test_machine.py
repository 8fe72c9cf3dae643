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

from medmo_runtime import machine

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
    """Show the module a file system that holds only what the test writes."""
    monkeypatch.setattr(machine, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    machine.cpu_flags.cache_clear()

    def write(path: str, content: str) -> None:
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    yield write
    machine.cpu_flags.cache_clear()


@pytest.fixture
def host_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SimpleNamespace(total=16 * GIB, available=10 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


@pytest.mark.parametrize("text", [X86, ARM])
@pytest.mark.parametrize(
    ("feature", "expected"), [("avx512_bf16", True), ("amx_bf16", True), ("bf16", True), ("f16c", False)]
)
def test_bfloat16_is_read_from_the_processors_flags(
    write_file: WriteFile, text: str, feature: str, expected: bool
) -> None:
    write_file("/proc/cpuinfo", text.format(feature=feature))
    assert feature in machine.cpu_flags()
    assert machine.cpu_has_bfloat16() == expected


def test_without_cpuinfo_nothing_is_claimed(write_file: WriteFile) -> None:
    assert machine.cpu_flags() == frozenset()
    assert not machine.cpu_has_bfloat16()
    assert machine.describe_machine().system


def test_the_processor_is_named(write_file: WriteFile) -> None:
    write_file("/proc/cpuinfo", X86.format(feature="f16c"))
    assert machine.describe_machine().processor == "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"


@pytest.mark.parametrize(
    ("limit", "used", "cache", "expected"),
    [
        pytest.param(None, 0, 0, 10 * GIB, id="no control group"),
        pytest.param("max", 3 * GIB, 0, 10 * GIB, id="no limit"),
        pytest.param(str(4 * GIB), 1 * GIB, 0, 3 * GIB, id="limit below the host's memory"),
        pytest.param(str(40 * GIB), 1 * GIB, 0, 10 * GIB, id="limit above the host's memory"),
        pytest.param(str(4 * GIB), 5 * GIB, 0, 0, id="over the limit"),
        pytest.param(str(4 * GIB), 4 * GIB, 3 * GIB, 3 * GIB, id="files in the page cache give way"),
        pytest.param("what", 1 * GIB, 0, 10 * GIB, id="unreadable"),
    ],
)
@pytest.mark.usefixtures("host_memory")
def test_free_memory_respects_the_control_group(
    write_file: WriteFile, limit: str | None, used: int, cache: int, expected: int
) -> None:
    if limit is not None:
        write_file("/sys/fs/cgroup/memory.max", f"{limit}\n")
        write_file("/sys/fs/cgroup/memory.current", f"{used}\n")
        write_file(
            "/sys/fs/cgroup/memory.stat", f"anon {used - cache}\nfile {cache}\ninactive_file {cache}\nactive_file 0\n"
        )
    assert machine.free_memory_bytes() == expected


def test_this_machine_is_described_truly() -> None:
    facts = machine.describe_machine(("cuda:0 Some GPU",))
    assert facts.accelerators == ("cuda:0 Some GPU",)
    assert facts.memory_bytes == psutil.virtual_memory().total
    assert 0 < facts.free_memory_bytes <= facts.memory_bytes
    assert 1 <= facts.cores <= (os.cpu_count() or 1)
    assert facts.processor


def test_only_the_cores_that_the_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert machine.usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.usable_cores() == 1


def test_peak_memory_is_of_this_process_alone_and_follows_allocation() -> None:
    # A child of a large process: Linux hands the parent's peak down through getrusage.
    block = bytes([1]) * 150_000_000
    program = (
        "from medmo_runtime.machine import peak_process_memory_bytes as peak; before = peak();"
        "block = bytes([1]) * 60_000_000; print(before, peak())"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = (int(number) for number in finished.stdout.split())
    assert 5_000_000 < before < 100_000_000 < len(block)
    assert after - before == pytest.approx(60_000_000, rel=0.1)


def test_peak_memory_is_at_least_what_is_in_use() -> None:
    resident = psutil.Process().memory_info().rss
    assert 0.9 * resident <= machine.peak_process_memory_bytes() < psutil.virtual_memory().total
