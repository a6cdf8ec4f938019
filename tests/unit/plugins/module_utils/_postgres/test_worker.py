# SPDX-License-Identifier: GPL-3.0-or-later
"""A call that blocks inside C code is given a deadline; the caller gets what it returns or raises."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.worker import NotInTime, Worker

from tests.support.patience import eventually, soon


def raise_an_error() -> None:
    raise KeyError("inside")


def test_a_value_arrives() -> None:
    assert [Worker().call(lambda: 7, 1.0), Worker().call(lambda: None, 1.0)] == [7, None]


def test_an_error_arrives_and_the_thread_goes_on() -> None:
    worker = Worker()
    with pytest.raises(KeyError, match="inside"):
        worker.call(raise_an_error, 1.0)
    assert (worker.is_busy, worker.call(lambda: 7, 1.0)) == (False, 7)


def test_what_takes_too_long_is_left() -> None:
    worker, gate = Worker(), threading.Event()
    started = time.monotonic()
    with pytest.raises(NotInTime):
        worker.call(gate.wait, 0.1)
    assert time.monotonic() - started < soon()
    assert worker.is_busy
    assert not worker.wait(0.1)
    gate.set()
    assert worker.wait(1.0)
    assert not worker.is_busy


def test_what_was_left_may_end_in_an_error() -> None:
    worker, gate = Worker(), threading.Event()

    def raise_later() -> None:
        gate.wait()
        raise_an_error()

    with pytest.raises(NotInTime):
        worker.call(raise_later, 0.1)
    gate.set()
    assert worker.wait(1.0)


def test_a_thread_that_nobody_needs_any_more_ends() -> None:
    worker, done = Worker(), threading.Event()
    before = threading.active_count()
    worker.end(done.set)
    assert done.wait(1.0)
    assert eventually(lambda: threading.active_count() < before, 1)
