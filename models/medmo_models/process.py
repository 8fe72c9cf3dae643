"""What every process of ours does first: stay off the network, and keep notices off the terminal."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys


def go_offline() -> None:
    """Keep every library off the network: models are local files, and nothing is reported anywhere."""
    for name in (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_HUB_DISABLE_TELEMETRY",
        "ORT_DISABLE_TELEMETRY",
        "DO_NOT_TRACK",
    ):
        os.environ[name] = "1"
    hide_openvino_telemetry()


def hide_openvino_telemetry() -> None:
    """Make ``openvino_telemetry`` look absent, so that OpenVINO takes a stub of its own.

    With it, importing OpenVINO reports the import to Google Analytics and writes a client id and counters to
    ``~/intel`` (2026.4, seen with strace); GPTQModel imports OpenVINO wherever it is installed (7.7).
    """
    # An entry of None makes an import fail (Python reference, 5.3.1 The module cache).
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def quiet_libraries() -> None:
    """Keep notices that no user can act on off the terminal: torch's compiler, bitsandbytes' kernels to download."""
    os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"  # among them: that torch is missing
    for name in ("torch.utils._pytree", "torch.utils.cpp_extension", "bitsandbytes.backends.cpu.ops"):
        logging.getLogger(name).setLevel(logging.ERROR)


def hide_torch() -> None:
    """Make torch look absent, for a process that answers without it.

    transformers imports torch wherever it is installed, though its tokenizer and image processor do without: 0.45 GB of
    memory and two seconds (measured, transformers 5.23 with torch 2.14). Nothing happens once torch is loaded.
    """
    if "torch" not in sys.modules:
        # An entry of None makes an import fail and find_spec return None (Python reference, 5.3.1 The module cache).
        sys.modules["torch"] = None  # type: ignore[assignment]


def return_freed_memory() -> None:
    """Let glibc give freed blocks of a megabyte or more back to the system at once, instead of keeping them.

    For processes whose large blocks are few: with the ONNX backend it cost no time and took 0.7 GB off the peak at the
    4B shape. Without effect elsewhere than glibc.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL("libc.so.6")
            for option in (-3, -1):  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
                library.mallopt(option, 1 << 20)


def environment_with_large_pages() -> dict[str, str]:
    """Return this process's environment for a child whose weights are to lie in huge pages, where the system allows it.

    glibc asks for them when it is told so at the start (``glibc.malloc.hugetlb`` 1, since 2.35); a token's time fell by
    5 % with the ``onnx`` backend at the 4B shape. Whoever has set ``GLIBC_TUNABLES`` keeps what was set.
    """
    wanted = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"} if sys.platform == "linux" else {}
    return {**wanted, **os.environ}


def trim_memory() -> None:
    """Give the heap's free pages back to the system (glibc's ``malloc_trim``)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
