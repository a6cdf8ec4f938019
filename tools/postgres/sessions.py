# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that are used again, since a login costs more than most of the statements of a test."""

from __future__ import annotations

import contextlib
import select
import threading
from typing import Any, Callable, Iterator

import psycopg2

KEPT = 2  # that of the maintenance database, and that of the database that a test is about


class Sessions(threading.local):
    """The idle sessions of one thread with one server, at most one for each database.

    Each is handed out without a transaction, locks, temporary tables and settings. What ALTER ROLE SET and ALTER
    DATABASE SET change for new sessions, it does not have.
    """

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._idle: dict[str, Any] = {}

    @contextlib.contextmanager
    def session(self, database: str) -> Iterator[Any]:
        """Yield a session in a database, and keep it unless the block raises an error."""
        connection = self._idle.pop(database, None)
        if connection is not None and is_stale(connection):
            connection.close()
            connection = None
        if connection is None:
            connection = self._connect(database)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if is_clean(connection):
            self._keep(database, connection)

    def _keep(self, database: str, connection: Any) -> None:
        self._idle[database] = connection
        while len(self._idle) > KEPT:
            self._idle.pop(next(iter(self._idle))).close()

    def close(self) -> None:
        """Close all idle sessions, before a statement that waits for other sessions to end."""
        while self._idle:
            self._idle.popitem()[1].close()


def is_stale(connection: Any) -> bool:
    """Return whether the server has sent anything to an idle session: that it ended it, or that a setting changed."""
    return bool(select.select([connection], [], [], 0)[0])


def is_clean(connection: Any) -> bool:
    """Return whether a session has dropped all that a statement can leave behind; it is closed if not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("DISCARD ALL")
    except psycopg2.Error:
        connection.close()
        return False
    return True
