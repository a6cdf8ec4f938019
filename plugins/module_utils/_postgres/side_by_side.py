# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Inspects several databases of a server in parallel, each over its own connection and in its own thread."""

from __future__ import annotations

from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Callable, Iterable, Sequence, Tuple, TypeVar

from .._core.announce import counted_off
from .driver import interrupt_connections
from .worker import Outcome, outcome_of

Item = TypeVar("Item")
Value = TypeVar("Value")
Numbered = Tuple[int, Outcome]


def side_by_side(
    function: Callable[[Item], Value], items: Sequence[Item], at_most: int, what: str = "done", *, already: int = 0
) -> list[Value]:
    """Return what a function returns for each item, in the order of the items; up to ``at_most`` run at a time.

    One at a time runs in this thread. Raises what the function raised for the first item that it failed for, after all
    others. A signal ends the wait at once, and every connection of the process. ``what`` names the work if progress is
    announced, and ``already`` how many others were done before.
    """
    if at_most <= 1 or len(items) <= 1:
        return [function(item) for item in counted_off(items, what, already=already)]
    waiting: SimpleQueue[tuple[int, Callable[[], Value]]] = SimpleQueue()
    for number, item in enumerate(items):
        waiting.put((number, partial(function, item)))
    ended: SimpleQueue[Numbered] = SimpleQueue()
    for _thread in range(min(at_most, len(items))):
        Thread(target=_work, args=[waiting, ended], daemon=True).start()
    try:
        outcomes: dict[int, Outcome] = dict(ended.get() for _item in counted_off(items, what, already=already))
    except BaseException:
        _forget(waiting)
        interrupt_connections()
        raise
    return _values(outcomes[number] for number in range(len(items)))


def _work(waiting: SimpleQueue[tuple[int, Callable[[], Value]]], ended: SimpleQueue[Numbered]) -> None:
    while True:
        try:
            number, call = waiting.get_nowait()
        except Empty:
            return
        ended.put((number, outcome_of(call)))


def _forget(waiting: SimpleQueue[tuple[int, Callable[[], Value]]]) -> None:
    """Discard the items that have not started."""
    try:
        while True:
            waiting.get_nowait()
    except Empty:
        return


def _values(outcomes: Iterable[Outcome]) -> list[Value]:
    values: list[Value] = []
    for value, error in outcomes:
        if error is not None:
            raise error
        values.append(value)
    return values
