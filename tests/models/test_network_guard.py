"""The guard refuses and counts; what it lets pass stays on the machine.

Each case runs in a process of its own, because a hook cannot be taken back.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

PREPARE = """
import socket
from medmo_models.network_guard import NetworkBlockedError, guard
kinds = []
guard.listen(kinds.append)
guard.block()
def refused(action):
    try:
        action()
    except NetworkBlockedError as error:
        assert "refused" in str(error)
        return True
    return False
"""

CASES = {
    "a name lookup": ("refused(lambda: socket.getaddrinfo('example.org', 443))", "name lookup"),
    "an old name lookup": ("refused(lambda: socket.gethostbyname('example.org'))", "name lookup"),
    "a connection": ("refused(lambda: socket.create_connection(('192.0.2.1', 80), 0.1))", "name lookup"),
    "a connection by address": ("refused(lambda: socket.socket().connect(('192.0.2.1', 80)))", "another machine"),
    "a connection by IPv6": (
        "refused(lambda: socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80)))",
        "another machine",
    ),
    "a datagram": (
        "refused(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 80)))",
        "another machine",
    ),
    "a local port": ("refused(lambda: socket.socket().connect(('127.0.0.1', 9)))", "this machine"),
    "a web request": ("refused(lambda: __import__('urllib.request').request.urlopen('http://192.0.2.1/'))", None),
}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", PREPARE + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_every_way_out_is_refused_and_counted_without_its_target(name: str) -> None:
    action, kind = CASES[name]
    if kind is None:  # urllib wraps what it catches
        action = action.replace("refused(lambda: ", "(lambda: ").removesuffix(")") + ")"
        code = f"""
try:
    {action}()
except OSError as error:
    assert "refused" in str(error)
assert guard.attempts == 1 and len(kinds) == 1
"""
    else:
        code = f"assert {action}; assert guard.attempts == 1; assert kinds == [{kind!r}], kinds"
    run(code)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no local sockets of this kind")
def test_sockets_between_processes_of_this_machine_pass() -> None:
    run("a, b = socket.socketpair(); a.sendall(b'x'); assert b.recv(1) == b'x'; assert guard.attempts == 0")


def test_it_can_be_switched_off_and_on() -> None:
    run(
        "guard.allow()\nsocket.getaddrinfo('127.0.0.1', 80)\nassert guard.attempts == 0 and not guard.blocking\n"
        "guard.block()\nassert refused(lambda: socket.getaddrinfo('127.0.0.1', 80))"
    )


@pytest.mark.parametrize(("value", "blocking"), [("", True), ("0", True), ("1", False)])
def test_the_environment_variable_lets_a_process_out(value: str, blocking: bool) -> None:
    run(
        f"import os; os.environ['MEDMO_ALLOW_NETWORK'] = {value!r}; guard.allow()\n"
        "from medmo_models.network_guard import block_unless_allowed\n"
        f"block_unless_allowed(); assert guard.blocking is {blocking}"
    )
