"""What processes of ours are started with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from medmo_models.process import environment_with_large_pages

#: Asks glibc for room as a weight needs it, and prints how much of it lies in huge pages.
ALLOCATE = """
import ctypes, pathlib
library = ctypes.CDLL("libc.so.6")
library.malloc.restype = ctypes.c_void_p
place = library.malloc(64 << 20)
ctypes.memset(place, 1, 64 << 20)
print(pathlib.Path("/proc/self/smaps_rollup").read_text().partition("AnonHugePages:")[2].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's setting")
def test_what_somebody_has_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    assert environment_with_large_pages()["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=1"


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's setting")
def test_large_blocks_may_lie_in_huge_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    allowed = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ALLOCATE], env=environment_with_large_pages(), capture_output=True, text=True, check=True
    )
    assert (int(done.stdout) >= 16 << 10) == ("[never]" not in allowed)
