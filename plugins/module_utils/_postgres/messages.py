# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is sent to one database of a server, over a connection that can be reopened."""

from __future__ import annotations

import time
from typing import Callable, Sequence

from .._core.problem import Problem
from .._core.sql_statement import quoted
from .driver import Connection, Result
from .login import DEFAULT_TIMEOUTS, GRACE_SECONDS, Timeouts
from .server_error import ServerError
from .settings import startup_options

# Settings of a database or a role can end a statement, an idle session or a transaction before ours are set.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
CUT_SHORT = frozenset({"57014", "57P05", "25P04"})


class Messages:
    """One connection, and the messages sent over it; errors are ServerError.

    ``round_trips`` counts what was sent since login. ``reconnect`` reopens the connection with more parameters.
    ``cut_short_by`` is the SQLSTATE by which a time limit of others ended a message before startup options lifted it:
    empty if the connection ended without one, None if nothing was cut short.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        database: str = "",
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        reconnect: Callable[..., Connection] | None = None,
    ) -> None:
        self.connection = connection
        self.database = database
        self.round_trips = 0
        self._timeouts = timeouts
        self._lock_ms = timeouts.lock_ms
        self._reconnect = reconnect
        self.cut_short_by: str | None = None

    def reopen(self, **more: str) -> None:
        """Reconnect, whatever became of the connection, unless it was interrupted.

        Raises ServerError, and then it stays closed.
        """
        exchanges_bytes = self.connection.exchanges_bytes
        self.connection.close()
        if self._reconnect is None or self.connection.is_interrupted:
            raise ServerError("", "the connection is closed", is_connection_lost=True)
        self.connection = self._reconnect(**more)
        if exchanges_bytes:
            self.exchange_bytes()

    def accept_any_bytes(self) -> None:
        """Exchange names as bytes with a server that does not know their encoding (SQL_ASCII)."""
        if self.connection.encodings[1] == "SQL_ASCII":
            self.exchange_bytes()

    def exchange_bytes(self) -> None:
        """Allow any bytes in texts, for a server that does not know their encoding; see ``_core.byte_text``."""
        self.connection.exchange_bytes(self._timeouts.statement_seconds + GRACE_SECONDS)

    @property
    def statement_ms(self) -> int:
        """How long a statement may take on the server, the wait for a lock included."""
        return self._timeouts.statement_seconds * 1000 + self._lock_ms

    def send(self, statements: Sequence[str], *, is_beginning: bool) -> Result:
        """Return the answer to a message; one outside a transaction that was cut short is sent again, once."""
        message = ";\n".join(statements)
        started = time.monotonic()
        try:
            return self._execute(message)
        except ServerError as error:
            is_ours = time.monotonic() - started >= self.statement_ms / 1000
            if is_ours or not is_beginning or not self._may_reconnect(error):
                raise
            self.cut_short_by = error.sqlstate
        self.reopen(options=startup_options(self.connection.server_version))
        return self._execute(message)

    def _execute(self, message: str) -> Result:
        self.round_trips += 1
        timeout_seconds = self.statement_ms / 1000 + GRACE_SECONDS
        try:
            return self.connection.execute(message, timeout_seconds)
        except ServerError as error:
            raise error.explained_by(_statement_problem(self.database, error)) from error

    def _may_reconnect(self, error: ServerError) -> bool:
        """Return whether a transaction was ended by a foreign time limit before ours were set."""
        has_ended = error.is_connection_lost and not error.is_timeout and not error.sqlstate
        return self._reconnect is not None and self.cut_short_by is None and (has_ended or error.sqlstate in CUT_SHORT)


def _statement_problem(database: str, error: ServerError) -> Problem:
    asked = f"database {quoted(database)}" if database else "the server"
    message = f"The answer of {asked} was an error: {error.text} (SQLSTATE {error.sqlstate or 'none'})."
    return Problem(message, sqlstate=error.sqlstate, database=database)
