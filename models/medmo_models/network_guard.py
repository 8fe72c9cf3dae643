"""No network in this process: every attempt from Python code is refused and counted.

The guard is an audit hook (PEP 578): it sees what Python's ``socket`` module is about to do, whichever library asks for
it. Code in C or C++ that calls the system itself is out of its reach; a test runs the viewer under a kernel filter for
that.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal

#: What an attempt was after. Never an address or a name: either could say something about a patient or a clinic.
AttemptKind = Literal["name lookup", "this machine", "another machine"]
#: Set to 1, it lets a worker process use the network; the viewer sets it where its user has switched the guard off.
ALLOW_VARIABLE = "MEDMO_ALLOW_NETWORK"

_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
_SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class NetworkBlockedError(PermissionError):
    """Something in this process asked for the network."""

    def __init__(self) -> None:
        super().__init__("MedMO Edge works without a network: this attempt was refused and counted.")


class NetworkGuard:
    """Refuses and counts attempts once installed. `guard` is this process's only one.

    An audit hook cannot be taken back (``sys.addaudithook``), hence one object that can be told to let things pass.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._installed = False
        self._blocking = False
        self._attempts = 0
        self._listeners: list[Callable[[AttemptKind], None]] = []

    @property
    def blocking(self) -> bool:
        """Whether attempts are refused now."""
        return self._blocking

    @property
    def attempts(self) -> int:
        """How many attempts were refused in this process."""
        return self._attempts

    def block(self) -> None:
        """Refuse attempts from now on."""
        with self._lock:
            if not self._installed:
                sys.addaudithook(self._hear)
                self._installed = True
            self._blocking = True

    def allow(self) -> None:
        """Let attempts pass."""
        self._blocking = False

    def listen(self, on_attempt: Callable[[AttemptKind], None]) -> None:
        """Call ``on_attempt`` with each attempt's kind, in the thread that made it; it must not raise."""
        with self._lock:
            self._listeners.append(on_attempt)

    def forget(self, on_attempt: Callable[[AttemptKind], None]) -> None:
        """Take a `listen` back."""
        with self._lock:
            self._listeners.remove(on_attempt)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._blocking or not event.startswith("socket."):
            return
        kind = _kind(event, arguments)
        if kind is None:
            return
        with self._lock:
            self._attempts += 1
            listeners = tuple(self._listeners)
        for tell in listeners:
            tell(kind)
        raise NetworkBlockedError


def _kind(event: str, arguments: tuple[Any, ...]) -> AttemptKind | None:
    """Return what an audit event is after, None if it stays inside of the machine's own files and pipes."""
    if event in _LOOKUPS:
        return "name lookup"
    if event not in _SENDING:
        return None
    if arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
        return None
    address = arguments[1]
    host = address[0] if isinstance(address, tuple) and address else ""
    return "this machine" if host == "::1" or str(host).startswith("127.") else "another machine"


#: Of this process.
guard = NetworkGuard()


def block_unless_allowed() -> None:
    """Block the network, unless the environment variable `ALLOW_VARIABLE` is 1."""
    if os.environ.get(ALLOW_VARIABLE) != "1":
        guard.block()
