# SPDX-License-Identifier: GPL-3.0-or-later
"""Parallel calls: the values in order, the first error, and never more calls at once than requested."""

from __future__ import annotations

import threading
import time
from typing import Callable

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.side_by_side import side_by_side


def watched(function: Callable[[int], int], at_once: int) -> tuple[Callable[[int], int], list[int]]:
    """Return a slow function that first waits for ``at_once`` parallel calls, and how many ran at the start of each."""
    running, counts, changed = [0], [], threading.Condition()

    def call(item: int) -> int:
        with changed:
            running[0] += 1
            counts.append(running[0])
            changed.notify_all()
            changed.wait_for(lambda: max(counts) >= at_once, 10)
        time.sleep(0.02)
        with changed:
            running[0] -= 1
        return function(item)

    return call, counts


@pytest.mark.parametrize(
    ("items", "at_most", "at_once"),
    [
        pytest.param(5, 1, 1, id="one after the other"),
        pytest.param(8, 3, 3, id="some"),
        pytest.param(3, 8, 3, id="more than there are"),
        pytest.param(1, 8, 1, id="one item"),
        pytest.param(0, 8, 0, id="nothing"),
    ],
)
def test_the_values_come_in_the_order_of_the_items(items: int, at_most: int, at_once: int) -> None:
    function, counts = watched(lambda item: -item, at_once)
    assert side_by_side(function, range(items), at_most) == [-item for item in range(items)]
    assert max(counts, default=0) == at_once


@pytest.mark.parametrize("at_most", [1, 3])
def test_the_first_error_is_raised(at_most: int) -> None:
    def fail(item: int) -> int:
        if item in (2, 4):
            raise KeyError(item)
        return item

    with pytest.raises(KeyError, match="2"):
        side_by_side(fail, range(6), at_most)


def test_one_at_a_time_runs_in_this_thread() -> None:
    assert side_by_side(lambda _item: threading.get_ident(), [1, 2], 1) == 2 * [threading.get_ident()]
