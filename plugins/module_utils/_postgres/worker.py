# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A thread for calls that may block in C forever, so that the caller can stop waiting."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Callable, Optional, Tuple, TypeVar

Value = TypeVar("Value")
Outcome = Tuple[Any, Optional[BaseException]]
Call = Tuple[Callable[[], Any], "SimpleQueue[Outcome]"]


EXIT_STATUS = 1

_LEFT_BUSY: set[Worker] = set()  # only read when the process ends


class NotInTime(Exception):
    """The call has not returned in time, and may still run."""


class Worker:
    """Makes one call after another in its own daemon thread: a process that exits does not wait for it.

    A signal ends the wait for the thread at once, unlike a wait in C: Ctrl-C, and Ansible's task timeout.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._outcome: SimpleQueue[Outcome] | None = None
        Thread(target=_work, args=[self._calls], daemon=True).start()

    @property
    def is_busy(self) -> bool:
        """Whether a call was abandoned before it returned."""
        return self._outcome is not None

    @property
    def still_runs(self) -> bool:
        """Whether an abandoned call has still not returned."""
        return self._outcome is not None and self._outcome.empty()

    def call(self, function: Callable[[], Value], timeout_seconds: float) -> Value:
        """Return what a function returns, or raise what it raises; raises NotInTime."""
        self._outcome = SimpleQueue()
        self._calls.put((function, self._outcome))
        _LEFT_BUSY.add(self)
        return self._wait(timeout_seconds)  # type: ignore[no-any-return]

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for an abandoned call, whatever its outcome; return whether the thread is free now."""
        try:
            if self.is_busy:
                self._wait(timeout_seconds)
        except NotInTime:
            return False
        except Exception:
            return True
        return True

    def end(self, function: Callable[[], Any]) -> None:
        """Have the thread call a last function, when it is free, and end."""
        self._calls.put((function, SimpleQueue()))
        self._calls.put(None)

    def _wait(self, timeout_seconds: float) -> Any:
        if self._outcome is None:
            raise ValueError("no call to wait for")
        try:
            value, error = self._outcome.get(timeout=timeout_seconds)
        except Empty:
            raise NotInTime from None
        self._outcome = None
        _LEFT_BUSY.discard(self)
        if error is not None:
            raise error
        return value


def _work(calls: SimpleQueue[Call | None]) -> None:
    # Keeps no reference after a call: an abandoned connection is closed with its last reference.
    for function, outcome in iter(calls.get, None):
        outcome.put(outcome_of(function))
        del function, outcome


def outcome_of(function: Callable[[], Any]) -> Outcome:
    """Return a function's result or exception, for another thread."""
    try:
        return function(), None
    except BaseException as error:
        return None, error


@atexit.register
def _end_at_once() -> None:
    """Exit without the clean-up of C libraries if an abandoned call still runs.

    OpenSSL frees what a login is using, and the process would crash (measured, with scram-sha-256). Registered first,
    so that it runs last. The exit status is not success; Ansible reads only the result.
    """
    if any(worker.still_runs for worker in _LEFT_BUSY):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(EXIT_STATUS)
