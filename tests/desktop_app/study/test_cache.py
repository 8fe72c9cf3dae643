"""Frames kept in memory."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from medmo_desktop.study.cache import FrameCache, frame_bytes, prefetch_order
from medmo_desktop.study.model import Frame, FrameReference


def frame(number, side=10):
    values = np.zeros((side, side), np.uint16)
    shown = np.zeros((side, side, 3), np.uint8)
    return Frame(FrameReference(Path("a"), number), values, True, side, side, "", shown_by_default=shown)


def test_those_not_used_for_longest_make_room():
    cache = FrameCache(limit_bytes=3 * 500)
    for number in range(3):
        cache.put(frame(number))
    assert cache.get(FrameReference(Path("a"), 0)) is not None
    cache.put(frame(3))
    assert [FrameReference(Path("a"), number) in cache for number in range(4)] == [True, False, True, True]
    assert cache.bytes_held == 3 * 500


def test_a_frame_larger_than_the_limit_is_kept_alone():
    cache = FrameCache(limit_bytes=100)
    cache.put(frame(0))
    cache.put(frame(1))
    assert FrameReference(Path("a"), 0) not in cache
    assert FrameReference(Path("a"), 1) in cache
    cache.clear()
    assert cache.get(FrameReference(Path("a"), 1)) is None
    assert cache.bytes_held == 0


def test_a_frame_put_again_takes_the_place_of_the_old_one():
    cache = FrameCache(limit_bytes=10_000)
    cache.put(frame(0))
    cache.put(frame(0, side=20))
    assert cache.bytes_held == 2000


def test_arrays_shared_by_values_and_picture_count_once():
    shown = np.zeros((10, 10, 3), np.uint8)
    colour = Frame(FrameReference(Path("a")), shown, False, 10, 10, "", shown_by_default=shown)
    assert frame_bytes(colour) == 300


def test_several_threads_at_once_keep_the_count_right():
    cache = FrameCache(limit_bytes=5 * 500)

    def work(start):
        for number in range(200):
            cache.put(frame(start + number % 7))
            cache.get(FrameReference(Path("a"), number % 14))

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = sum(FrameReference(Path("a"), number) in cache for number in range(14))
    assert cache.bytes_held == 500 * held == 2500


def test_reading_ahead_goes_the_way_the_user_scrolls_and_stays_inside():
    assert prefetch_order(5, 20, reach=4) == (6, 4, 7, 3, 8, 9)
    assert prefetch_order(5, 20, reach=4, direction=-1) == (4, 6, 3, 7, 2, 1)
    assert prefetch_order(0, 3, reach=4) == (1, 2)
    assert prefetch_order(0, 1, reach=4) == ()
