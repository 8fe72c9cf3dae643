"""Runs a Python script to which, and to whose children, the kernel refuses internet sockets.

``python kernel_filter.py SCRIPT ARGUMENT...``. A seccomp filter (Linux, seccomp(2)) needs no rights and no package, and
sees what C libraries do as well. It outlives ``exec`` and is inherited by every child.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_REFUSE, _ALLOW = 0x00050000 | errno.EACCES, 0x7FFF0000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _FIRST_ARGUMENT = 0, 16
#: The number of the system call ``socket``.
_SOCKET = {"x86_64": 41, "aarch64": 198}


def is_supported() -> bool:
    """Whether this system has such filters, and we know its numbers."""
    return sys.platform == "linux" and platform.machine() in _SOCKET


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def forbid_internet_sockets() -> None:
    """Install the filter in this process."""
    steps = [
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 0, 3, _SOCKET[platform.machine()]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_EQUAL, 2, 0, socket.AF_INET),
        (_JUMP_IF_EQUAL, 1, 0, socket.AF_INET6),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    instructions = (_Instruction * len(steps))(*[_Instruction(*step) for step in steps])
    program = _Program(len(steps), ctypes.cast(instructions, ctypes.POINTER(_Instruction)))
    library = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if library.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no filter")


if __name__ == "__main__":
    forbid_internet_sockets()
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
