from __future__ import annotations

from medmo_cli.progress import PhaseTimeLeft


def test_the_time_left_is_what_the_steps_took() -> None:
    left = PhaseTimeLeft()
    left.update("layers", 0, 36, now=100.0)
    assert left.seconds(150.0) is None
    left.update("layers", 1, 36, now=160.0)
    assert left.seconds(160.0) == 35 * 60
    left.update("layers", 1, 36, now=190.0)  # a sign of life within a layer changes nothing but the clock
    assert left.seconds(190.0) == 35 * 60 - 30
    left.update("layers", 2, 36, now=260.0)
    assert left.seconds(260.0) == 34 * 80


def test_steps_of_an_earlier_run_are_not_counted_as_fast() -> None:
    left = PhaseTimeLeft()
    left.update("encoding", 8, 8, now=0.0)
    left.update("layers", 12, 36, now=10.0)
    assert left.seconds(10.0) is None
    left.update("layers", 13, 36, now=70.0)
    assert left.seconds(70.0) == 23 * 60


def test_a_step_that_takes_longer_than_the_others_leaves_no_negative_time() -> None:
    left = PhaseTimeLeft()
    left.update("layers", 0, 2, now=0.0)
    left.update("layers", 1, 2, now=10.0)
    assert left.seconds(60.0) == 0.0
