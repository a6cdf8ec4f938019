# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Calls that may block forever, made in daemon threads: the caller can stop waiting, and the process can end."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Callable, Optional, Sequence, Tuple, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")
Outcome = Tuple[int, Any, Optional[BaseException]]

# More would not make Metamapper, which answers with a few processes, any faster.
THREADS = 4


class NotInTime(Exception):
    """A call has not returned in time, and may still run."""


def within(seconds: float, function: Callable[[], Value]) -> Value:
    """Return what a function returns, or raise what it raises; raises NotInTime if it takes longer."""
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    Thread(target=lambda: outcomes.put(_outcome(0, lambda _item: function(), None)), daemon=True).start()
    try:
        _index, value, error = outcomes.get(timeout=seconds)
    except Empty:
        raise NotInTime from None
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]


def for_each(items: Sequence[Item], function: Callable[[Item], Value]) -> list[Value]:
    """Return what a function returns for each item, in the order of the items; several are done at a time.

    Raises the first error, and then starts no further item. The function itself must end in time.
    """
    waiting: SimpleQueue[tuple[int, Item]] = SimpleQueue()
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    for entry in enumerate(items):
        waiting.put(entry)
    is_over = Event()
    for _number in range(min(THREADS, len(items))):
        Thread(target=_work, args=[waiting, outcomes, function, is_over], daemon=True).start()
    values: dict[int, Value] = {}
    while len(values) < len(items):
        index, value, error = outcomes.get()
        if error is not None:
            raise error
        values[index] = value
    return [values[index] for index in range(len(items))]


def _work(
    waiting: SimpleQueue[tuple[int, Item]],
    outcomes: SimpleQueue[Outcome],
    function: Callable[[Item], Any],
    is_over: Event,
) -> None:
    """Process the queue until it is empty or there is an error."""
    try:
        while not is_over.is_set():
            index, item = waiting.get_nowait()
            outcome = _outcome(index, function, item)
            if outcome[2] is not None:
                is_over.set()
            outcomes.put(outcome)
    except Empty:
        return


def _outcome(index: int, function: Callable[[Any], Any], item: Any) -> Outcome:
    try:
        return index, function(item), None
    except BaseException as error:  # raised by the caller that waits for it
        return index, None, error
