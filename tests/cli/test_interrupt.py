from __future__ import annotations

import contextlib
import signal

import pytest

from medmo_cli.interrupt import check_interrupt, interrupts_remembered


def test_an_interrupt_that_a_library_swallowed_comes_up_at_the_next_check() -> None:
    with interrupts_remembered():
        check_interrupt()
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check_interrupt()
    check_interrupt()


def test_the_handler_before_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts_remembered():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
