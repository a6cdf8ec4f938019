# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The progress of a long task, for a listener: an action plugin can show it, a module cannot."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Callable, Iterator, Sequence, TypeVar

Item = TypeVar("Item")
Listener = Callable[[str], None]

STEP = 10
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def announced_to(listener: Listener) -> Iterator[None]:
    """Report progress to a function for the duration of a with block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def counted_off(items: Sequence[Item], what: str, *, already: int = 0) -> Iterator[Item]:
    """Yield items, and announce how many are done: every ten of them, and at the end; nothing if there are few.

    ``already`` is how many others were done before.
    """
    total = already + len(items)
    for number, item in enumerate(items, start=already + 1):
        yield item
        listener = _listener.get()
        if listener and total > STEP and (number % STEP == 0 or number == total):
            listener(f"{number:,} of {total:,} {what}")
