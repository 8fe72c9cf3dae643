"""A child process that speaks messages, and in what words it died."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from medmo_models.errors import ProcessDiedError
from medmo_models.process import environment_with_large_pages
from medmo_runtime.worker.frames import Message, read_message, write_message

_STOP_SECONDS = 10
#: With this code glibc ends a running process that has no memory left for a new thread's variables (elf/dl-tls.c).
NO_MEMORY_FOR_A_THREAD = 127
_SIGNALS = {
    "SIGSEGV": "crashed (segmentation fault)",
    "SIGBUS": "crashed (bus error)",
    "SIGFPE": "crashed (arithmetic error)",
    "SIGILL": "crashed: this processor lacks an instruction that a library was built for",
    "SIGABRT": "was aborted by one of its libraries",
    "SIGKILL": "was killed, as the system does when memory runs out",
}


def describe_death(code: int) -> str:
    """Return how a process ended, from its exit code (negative: a signal's number)."""
    if code == NO_MEMORY_FOR_A_THREAD:
        return f"ended, because memory ran out (code {code}),"
    if code >= 0:
        return f"ended by itself with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"was ended by signal {-code}"
    return f"{_SIGNALS.get(name, 'was ended')} ({name})" if "(" not in _SIGNALS.get(name, "") else _SIGNALS[name]


#: The argument by which a frozen application is told which module to be, in place of the interpreter's ``-m``.
MODULE_ARGUMENT = "--run-module"


def child_command(module: str) -> list[str]:
    """Return the command line that runs a module.

    A frozen application (PyInstaller sets ``sys.frozen``) is its own interpreter and knows no ``-m``; its entry point
    must look for `MODULE_ARGUMENT`.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, MODULE_ARGUMENT, module]
    return [sys.executable, "-m", module]


class Child:
    """A running child process.

    Parameters
    ----------
    module : str
        Run as ``python -m``.
    """

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            child_command(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the caller alone
            env=environment_with_large_pages(),
        )
        self._writing = threading.Lock()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def send(self, kind: str, values: dict[str, Any] | None = None, blobs: Sequence[bytes | memoryview] = ()) -> None:
        """Send a message; may be called from any thread.

        Raises
        ------
        ProcessDiedError
            If the process is gone.
        """
        assert self._process.stdin is not None
        try:
            with self._writing:
                write_message(self._process.stdin, kind, values, blobs)  # type: ignore[arg-type]
        except (OSError, ValueError) as error:
            raise self._died() from error

    def receive(self) -> Message:
        """Wait for a message.

        Raises
        ------
        ProcessDiedError
            If the process ends instead.
        """
        assert self._process.stdout is not None
        try:
            message = read_message(self._process.stdout)  # type: ignore[arg-type]
        except ValueError as error:
            self.kill()
            raise self._died() from error
        if message is None:
            raise self._died()
        return message

    def _died(self) -> ProcessDiedError:
        try:
            code = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        error = ProcessDiedError(describe_death(code))
        error.memory_ran_out = code == NO_MEMORY_FOR_A_THREAD
        return error

    def close(self) -> None:
        """Ask it to end, and kill it if it does not."""
        if self.alive:
            try:
                self.send("close")
                self._process.wait(_STOP_SECONDS)
            except (ProcessDiedError, subprocess.TimeoutExpired):
                self._process.kill()
        self._release()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._release()

    def _release(self) -> None:
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    stream.close()
