# SPDX-License-Identifier: GPL-3.0-or-later
"""A long task announces its progress to the listener, if there is one."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.announce import announced_to, counted_off


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(0, [], id="none"),
        pytest.param(10, [], id="few"),
        pytest.param(11, ["10 of 11 done", "11 of 11 done"], id="more"),
        pytest.param(20, ["10 of 20 done", "20 of 20 done"], id="twice as many"),
        pytest.param(
            1001, [*(f"{each:,} of 1,001 done" for each in range(10, 1001, 10)), "1,001 of 1,001 done"], id="many"
        ),
    ],
)
def test_each_ten_are_announced_after_they_are_done(number: int, expected: list[str]) -> None:
    heard: list[str] = []
    with announced_to(heard.append):
        assert list(counted_off(range(number), "done")) == list(range(number))
    assert heard == expected


def test_an_item_is_announced_after_it_was_worked_on() -> None:
    order: list[str] = []
    with announced_to(order.append):
        for item in counted_off(range(11), "done"):
            order.append(str(item))
    assert order == [*map(str, range(10)), "10 of 11 done", "10", "11 of 11 done"]


def test_without_a_listener_nothing_is_said() -> None:
    heard: list[str] = []
    with announced_to(heard.append):
        pass
    assert (list(counted_off(range(20), "done")), heard) == (list(range(20)), [])
