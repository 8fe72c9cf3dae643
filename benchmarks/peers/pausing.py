"""Runs a process that stops itself at times, and does something before it goes on (Linux, macOS)."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from threading import Timer


def run_with_pauses(
    command: Sequence[str], environment: Mapping[str, str], on_pause: Callable[[], None], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output is dropped, what it writes to stderr kept.

    Parameters
    ----------
    command : sequence of str
    environment : mapping
    on_pause : callable
        Called each time that the process has stopped with all its threads (SIGSTOP).
    timeout_s : float
        Seconds after which it is ended.

    Raises
    ------
    subprocess.TimeoutExpired
        If it had to be ended.
    """
    # A file, because a pipe that nobody reads meanwhile could fill up.
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
        timer = Timer(timeout_s, process.kill)
        timer.start()
        try:
            while _has_stopped(process.pid):
                on_pause()
                process.send_signal(signal.SIGCONT)
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
            late = not timer.is_alive()
            timer.cancel()
        if late:
            raise subprocess.TimeoutExpired(command, timeout_s)
        errors.seek(0)
        return subprocess.CompletedProcess(command, process.returncode, "", errors.read())


def _has_stopped(pid: int) -> bool:
    """Wait until a child process stops or ends; return whether it stopped. Its end is left for others to wait for."""
    changed = os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
    if changed is None or changed.si_code != os.CLD_STOPPED:
        return False
    os.waitid(os.P_PID, pid, os.WSTOPPED)
    return True
