# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""A session on one database of a server."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, Mapping, Sequence

from .._core.problem import Problem
from .._core.remedy import by_hand
from .._core.route import DIRECT, Route
from .._core.sql_statement import Statement, quoted
from . import driver
from .driver import Connection, Query, Result, Row, sql
from .login import Login, connection_problem
from .messages import Messages
from .record import Record, to_records
from .server_error import OutcomeUnknown, ServerError
from .settings import NO_JIT, PINNED_SEARCH_PATH, Setting, limits


def open_session(login: Login, database: str, route: Route = DIRECT) -> Session:
    """Return a session on a database; raises ServerError if the login fails, and Failure from the route."""
    driver.require_psycopg2()

    def connect(**more: str) -> Connection:
        return _connected(login, database, route, more)

    return Session(
        connect(), database=database, session_role=login.session_role, timeouts=login.timeouts, reconnect=connect
    )


def _connected(login: Login, database: str, route: Route, more: Mapping[str, str]) -> Connection:
    while True:
        parameters = {**login.parameters(database), **route.parameters(), **more}
        started = time.monotonic()
        try:
            return driver.connect(parameters, login.timeout_seconds)
        except ServerError as error:
            # libpq counts whole seconds.
            is_timeout = error.is_timeout or time.monotonic() - started >= login.timeouts.connect_seconds - 1
            if not route.must_retry(error, is_timeout=is_timeout):
                raise error.explained_by(connection_problem(login, database, error)) from error


def render(statement: Statement) -> sql.Composed:
    """Return a statement with its names quoted, and the secret in clear: for the server only."""
    literals = [sql.Literal(statement.secret.reveal())] if statement.secret else []
    return sql.SQL(statement.template).format(*(sql.Identifier(*name) for name in statement.names), *literals)


class Session(Messages):
    """One connection with explicit transactions. All requests raise ServerError.

    BEGIN and the settings of a transaction travel with its first query, so that they need no extra round trip. Every
    transaction has the same ones, whatever the database, the role or the administrator have set: only pg_catalog is
    searched for names, no query is compiled, and ``timeouts`` limits statements and lock waits.
    """

    def __init__(self, connection: Connection, *, session_role: str = "", **properties: Any) -> None:
        super().__init__(connection, **properties)
        self.session_role = session_role
        self._opening: list[Query] = []
        self._is_read = False

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.connection.close()

    def begin(
        self,
        mode: str,
        *settings: Setting,
        lock_timeout_ms: int | None = None,
        is_own_path: bool = False,
        keeps_jit: bool = False,
    ) -> None:
        """Open a transaction with the next query; ``mode`` as in BEGIN, for example ``READ ONLY``.

        ``is_own_path`` keeps the search path of the login, for a query that reads it; ``keeps_jit`` whether it has its
        queries compiled.
        https://www.postgresql.org/docs/current/sql-begin.html
        """
        self._lock_ms = max(1, self._timeouts.lock_ms if lock_timeout_ms is None else lock_timeout_ms)
        role = [sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self.session_role))] if self.session_role else []
        self._opening = [
            sql.SQL("BEGIN " + mode),
            *limits(self.connection.server_version, statement_ms=self.statement_ms, lock_ms=self._lock_ms),
            *role,
            *([] if is_own_path else [PINNED_SEARCH_PATH.statement()]),
            *(setting.statement() for setting in self._known(settings if keeps_jit else (NO_JIT, *settings))),
        ]

    def _known(self, settings: Iterable[Setting]) -> Iterable[Setting]:
        """Return the settings that the server supports."""
        return (setting for setting in settings if setting.since <= self.connection.server_version)

    @contextmanager
    def holding(self, settings: Iterable[Setting]) -> Iterator[None]:
        """Set, around transactions, what is decided at BEGIN; a pooler in transaction mode may lose it."""
        known = tuple(self._known(settings))
        self.run([sql.SQL("SET {} = {}").format(sql.Identifier(one.name), sql.Literal(one.value)) for one in known])
        try:
            yield
        finally:
            if not self.connection.is_lost:
                self.run([sql.SQL("RESET {}").format(sql.Identifier(one.name)) for one in known])

    def reopen(self, **more: str) -> None:
        """Reconnect, and forget the transaction."""
        self._opening = []
        super().reopen(**more)

    def add(self, statement: Query) -> None:
        """Send a statement along with the next query, without an extra round trip."""
        self._opening.append(statement)

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a query; one round trip."""
        return self._result(query, parameters).rows

    def records(self, query: Query, parameters: Mapping[str, Any] | None, record: type[Record]) -> list[Record]:
        """Return the rows of a query as dataclasses or NamedTuples, whose fields are the query's columns by name.

        Raises TypeError if the names differ.
        """
        result = self._result(query, parameters)
        return to_records(result.columns, result.rows, record)

    def run(self, statements: Sequence[Query]) -> None:
        """Execute statements that return nothing, together in one round trip."""
        if statements:
            self._send([self.connection.text(statement) for statement in statements])

    def commit(self) -> None:
        """Commit the transaction; raises OutcomeUnknown if there is no answer."""
        try:
            self.run(["COMMIT"])
        except ServerError as error:
            if not error.is_connection_lost:
                raise
            raise OutcomeUnknown(
                error.sqlstate,
                error.text,
                problem=_commit_problem(self.database, error),
                is_connection_lost=True,
                is_timeout=error.is_timeout,
            ) from error

    def end_read(self) -> None:
        """End a read-only transaction with the next message, or with the session, without an extra round trip."""
        self._is_read = True

    def rollback(self) -> None:
        """End the transaction and undo what it did, where one is open; a lost connection has done so already."""
        self._opening = []
        self._is_read = False
        if not self.connection.is_lost and self.connection.is_in_transaction:
            self.run(["ROLLBACK"])

    def _result(self, query: Query, parameters: Mapping[str, Any] | None) -> Result:
        return self._send([self.connection.text(query, parameters)])

    def _send(self, statements: Sequence[str]) -> Result:
        opening = [self.connection.text(statement) for statement in self._opening]
        ending = ["COMMIT"] if self._is_read else []
        self._opening, self._is_read = [], False
        is_beginning = bool(opening) or not self.connection.is_in_transaction
        return self.send([*ending, *opening, *statements], is_beginning=is_beginning)


def _commit_problem(database: str, error: ServerError) -> Problem:
    message = f"The connection to database {quoted(database)} broke during COMMIT: {error.text}."
    remedy = "PostgreSQL has kept either all of the transaction or nothing of it. Run again: it finds out which."
    return Problem(message, by_hand(remedy), error.sqlstate, database=database)
