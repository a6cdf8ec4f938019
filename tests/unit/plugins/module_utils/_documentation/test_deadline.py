# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls with a deadline, and several at a time."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.deadline import (
    THREADS,
    NotInTime,
    for_each,
    within,
)

from tests.support.patience import soon


def test_a_call_in_time_and_one_too_late() -> None:
    assert within(5, lambda: "a") == "a"
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    began = time.monotonic()
    with pytest.raises(NotInTime):
        within(0.05, lambda: time.sleep(3))
    assert time.monotonic() - began < 2 * soon()


@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_values_come_in_the_order_of_the_items(count: int) -> None:
    assert for_each(range(count), lambda item: item * 2) == [item * 2 for item in range(count)]


def test_several_at_a_time_and_no_more() -> None:
    meeting = threading.Barrier(THREADS, timeout=5)
    assert for_each(range(THREADS * 3), lambda _item: meeting.wait() >= 0) == [True] * THREADS * 3


def test_after_an_error_nothing_more_is_begun() -> None:
    begun: list[int] = []

    def fail(item: int) -> None:
        begun.append(item)
        raise KeyError(item)

    with pytest.raises(KeyError):
        for_each(range(1000), fail)
    time.sleep(0.05)
    assert len(begun) <= THREADS
